// Runs in <head> before the first paint: a reader who follows his system gets the right colours without a flash.
(() => {
  const root = document.documentElement
  const dark = matchMedia("(prefers-color-scheme: dark)")
  const apply = () => {
    const chosen = root.dataset.theme
    root.dataset.bsTheme = chosen === "system" ? (dark.matches ? "dark" : "light") : chosen
  }
  dark.addEventListener("change", apply)
  new MutationObserver(apply).observe(root, { attributeFilter: ["data-theme"] })
  apply()
})()
