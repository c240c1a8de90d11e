/** Links and marks that are seen without opening a menu: the SDK's builders place each in the menu of controls. */
export function shown<Built extends { placement?: unknown }>(builder: {
  readonly build: () => Built;
}): { readonly build: () => Built } {
  return {
    build: () => {
      const built = { ...builder.build() };
      delete built.placement;
      return built;
    },
  };
}
