/** Lowest WCAG contrast of any text that is on show, and the text. Borders of the browser's own controls are its own matter. */
export const LOWEST_CONTRAST = `(() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const luminance = ({ r, g, b }) => {
    const [R, G, B] = [r, g, b].map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const groundOf = (element) => {
    const box = element.closest("g.box")?.querySelector("rect");
    if (box) return parse(getComputedStyle(box).fill);
    for (let at = element; at; at = at.parentElement) {
      const ground = parse(getComputedStyle(at).backgroundColor);
      if (ground.a > 0) return ground;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const found = [...document.querySelectorAll("main *")]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ""))
    .filter((element) => element.checkVisibility() && !element.matches("svg title"))
    .map((element) => {
      const { color, fill } = getComputedStyle(element);
      const ink = parse(element instanceof SVGElement ? fill : color);
      const [a, b] = [luminance(ink), luminance(groundOf(element))];
      return { contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text: element.textContent.trim().slice(0, 40) };
    });
  return { count: found.length, ...found.sort((a, b) => a.contrast - b.contrast)[0] };
})()`;
