// A native <dialog>: the browser keeps the focus inside and gives it back. Openers carry
// data-action="dialog#show" inside the controller's element, or data-dialog-open="#id" anywhere on the page.
Portico.register(
  "dialog",
  class extends Stimulus.Controller {
    connect() {
      this.opener = (event) => {
        const opener = event.target.closest?.(`[data-dialog-open="#${this.element.id}"]`)
        if (!opener) return
        event.preventDefault()
        this.show()
      }
      this.backdrop = (event) => {
        if (event.target === this.element) this.close()
      }
      document.addEventListener("click", this.opener)
      this.element.addEventListener("click", this.backdrop)
    }

    disconnect() {
      document.removeEventListener("click", this.opener)
      this.element.removeEventListener("click", this.backdrop)
    }

    show() {
      this.element.showModal()
    }

    close() {
      this.element.close()
    }
  },
)
