// Single-key shortcuts, declared where they act: data-shortcut="g t" on a link or button presses it, on a field
// focuses it; data-shortcut-label names it in the help ("?"). Off while typing, and off altogether by the switch in
// the help (WCAG 2.1.4). Keys with Ctrl or Cmd are declared by the controllers that own them.
Portico.register(
  "shortcuts",
  class extends Stimulus.Controller {
    static targets = ["list", "switch"]
    static values = { dialog: String }

    connect() {
      this.rebuild = () => this.bind()
      document.addEventListener("htmx:after:settle", this.rebuild)
      this.bind()
    }

    disconnect() {
      document.removeEventListener("htmx:after:settle", this.rebuild)
      this.unbind?.()
    }

    bind() {
      this.unbind?.()
      const keys = new Set([...this.element.querySelectorAll("[data-shortcut]")].map((e) => e.dataset.shortcut))
      const bindings = Object.fromEntries([...keys].map((key) => [key, (event) => this.press(key, event)]))
      this.unbind = tinykeys.tinykeys(window, bindings)
    }

    press(key, event) {
      const typing = event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")
      if (typing || document.querySelector("dialog[open]") || !this.isOn) return
      const found = [...this.element.querySelectorAll(`[data-shortcut="${CSS.escape(key)}"]`)]
      const element = found.find((candidate) => candidate.checkVisibility()) ?? found[0]
      if (!element) return
      event.preventDefault()
      if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) element.focus()
      else element.click()
    }

    get isOn() {
      return localStorage.getItem("shortcuts") !== "off"
    }

    toggle() {
      localStorage.setItem("shortcuts", this.switchTarget.checked ? "on" : "off")
    }

    help() {
      const seen = new Set()
      const rows = []
      for (const element of this.element.querySelectorAll("[data-shortcut]")) {
        const key = element.dataset.shortcut
        if (seen.has(key)) continue
        seen.add(key)
        const label = element.dataset.shortcutLabel || element.getAttribute("aria-label") || element.textContent.trim()
        rows.push(row(label, key))
      }
      this.listTarget.replaceChildren(...rows)
      this.switchTarget.checked = this.isOn
      document.querySelector(this.dialogValue).showModal()
    }
  },
)

function row(label, key) {
  const [group, term, detail, sign] = ["div", "dt", "dd", "kbd"].map((name) => document.createElement(name))
  term.textContent = label
  sign.className = "pd-kbd"
  sign.textContent = key.replace("Shift+", "").replace("$mod+", "Ctrl ")
  detail.append(sign)
  group.append(term, detail)
  return group
}
