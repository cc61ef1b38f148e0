// A message that leaves by itself after a while (not while it is read or holds the focus) or when dismissed.
// A toast with an undo form in it is an ordinary toast: the form posts, the server answers.
Portico.register(
  "toast",
  class extends Stimulus.Controller {
    static targets = ["text"]
    static values = { after: { type: Number, default: 8000 } }

    connect() {
      if (!this.afterValue) return
      this.timer = setInterval(() => {
        if (!this.element.matches(":hover, :focus-within")) this.dismiss()
      }, this.afterValue)
    }

    disconnect() {
      clearInterval(this.timer)
    }

    dismiss() {
      this.element.remove()
    }
  },
)
