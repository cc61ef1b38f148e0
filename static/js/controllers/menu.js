// A <details> as a menu: Escape and a click elsewhere close it, arrow keys walk through its items.
Portico.register(
  "menu",
  class extends Stimulus.Controller {
    connect() {
      this.away = (event) => {
        if (!this.element.contains(event.target)) this.element.open = false
      }
      this.keys = (event) => this.key(event)
      document.addEventListener("click", this.away)
      this.element.addEventListener("keydown", this.keys)
    }

    disconnect() {
      document.removeEventListener("click", this.away)
      this.element.removeEventListener("keydown", this.keys)
    }

    key(event) {
      const items = [...this.element.querySelectorAll("a[href], button, input, select")].filter(
        (item) => item.offsetParent !== null,
      )
      if (event.key === "Escape" && this.element.open) {
        this.element.open = false
        this.element.querySelector("summary").focus()
        event.stopPropagation()
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (event.target.matches("input, select, textarea")) return
        event.preventDefault()
        this.element.open = true
        const step = event.key === "ArrowDown" ? 1 : -1
        const at = items.indexOf(document.activeElement)
        items[(at + step + items.length) % items.length]?.focus()
      }
    }
  },
)
