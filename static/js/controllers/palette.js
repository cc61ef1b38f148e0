// The command palette: Ctrl/Cmd+K opens a dialog whose field asks the server (htmx, in the component); arrows walk
// through the answer's links, Enter follows the first.
Portico.register(
  "palette",
  class extends Stimulus.Controller {
    static targets = ["dialog", "input", "results"]

    connect() {
      this.unbind = tinykeys.tinykeys(window, { "$mod+k": (event) => this.open(event) })
    }

    disconnect() {
      this.unbind()
    }

    open(event) {
      event.preventDefault()
      if (!this.dialogTarget.open) this.dialogTarget.showModal()
      this.inputTarget.select()
    }

    move(event) {
      const links = [...this.resultsTarget.querySelectorAll("a[href], button")]
      const at = links.indexOf(document.activeElement)
      if (event.key === "Enter" && at < 0 && links.length) {
        event.preventDefault()
        links[0].click()
      } else if (event.key === "ArrowDown" && links.length) {
        event.preventDefault()
        links[Math.min(at + 1, links.length - 1)].focus()
      } else if (event.key === "ArrowUp") {
        event.preventDefault()
        ;(links[at - 1] ?? this.inputTarget).focus()
      }
    }
  },
)
