/** Filters what has a `data-text`. Without it the page is complete and static. */
export const SCRIPT = `
for (const input of document.querySelectorAll("input[data-filters]")) {
  const items = [...document.querySelectorAll(input.dataset.filters)];
  const groups = [...new Set(items.map((item) => item.closest(".group")))].filter((group) => group !== null);
  const count = document.getElementById(input.getAttribute("aria-describedby"));
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const item of items) {
      item.hidden = !item.dataset.text.includes(wanted);
      if (!item.hidden) shown++;
    }
    for (const group of groups) {
      group.hidden = group.querySelector("[data-text]:not([hidden])") === null;
      group.open = wanted !== "" && !group.hidden;
    }
    count.textContent = shown.toLocaleString("en-US") + " of " + items.length.toLocaleString("en-US");
  });
}
`;
