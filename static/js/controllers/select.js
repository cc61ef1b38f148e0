// Tom Select over a plain <select>: search by typing. Where a page does not load it, the select works by itself.
Portico.register(
  "select",
  class extends Stimulus.Controller {
    connect() {
      this.box = new TomSelect(this.element, { maxOptions: 200, copyClassesToDropdown: false, allowEmptyOption: true })
    }

    disconnect() {
      this.box.destroy()
    }
  },
)
