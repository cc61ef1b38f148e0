// A scrolling part that starts at its end, or at the element marked data-latest-target="start" (what is new).
Portico.register(
  "latest",
  class extends Stimulus.Controller {
    static targets = ["start"]

    connect() {
      if (this.hasStartTarget) this.startTarget.scrollIntoView({ block: "start" })
      else this.element.scrollTop = this.element.scrollHeight
    }
  },
)
