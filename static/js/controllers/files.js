// The files chosen in an <input type="file" multiple>: their names and sizes, a way to take one out again, and the
// limits before anything is sent. Limits are kept again on the server; without this file the plain input works.
Portico.register(
  "files",
  class extends Stimulus.Controller {
    static targets = ["input", "list", "zone"]
    static values = { maxBytes: Number, maxLabel: String, maxCount: Number }

    connect() {
      this.chosen = []
    }

    // data-action="change->files#picked": a second choice adds to the first.
    picked() {
      this.take(this.inputTarget.files)
    }

    over(event) {
      event.preventDefault()
      this.zoneTarget.classList.add("pd-drop-over")
    }

    out() {
      this.zoneTarget.classList.remove("pd-drop-over")
    }

    drop(event) {
      event.preventDefault()
      this.out()
      this.take(event.dataTransfer.files)
    }

    browse() {
      this.inputTarget.click()
    }

    take(files) {
      this.refusals = []
      for (const file of files) {
        if (this.maxBytesValue && file.size > this.maxBytesValue)
          this.refusals.push(Portico.say("too_large", { name: file.name, limit: this.maxLabelValue }))
        else if (this.maxCountValue && this.chosen.length >= this.maxCountValue)
          this.refusals.push(Portico.say("too_many", { limit: this.maxCountValue }))
        else this.chosen.push(file)
      }
      this.store()
    }

    remove({ params }) {
      this.refusals = []
      this.chosen.splice(params.place, 1)
      this.store()
      this.inputTarget.focus()
    }

    store() {
      const transfer = new DataTransfer()
      for (const file of this.chosen) transfer.items.add(file)
      this.inputTarget.files = transfer.files
      const items = this.chosen.map((file, place) => this.item(file, place))
      const refused = [...new Set(this.refusals)].map((words) => {
        const item = document.createElement("li")
        item.className = "pd-file pd-file-refused"
        item.textContent = words
        item.setAttribute("role", "alert")
        return item
      })
      this.listTarget.replaceChildren(...items, ...refused)
    }

    item(file, place) {
      const item = document.createElement("li")
      const button = document.createElement("button")
      item.className = "pd-file"
      item.append(`${file.name} `, Object.assign(document.createElement("span"), { className: "pd-muted", textContent: size(file.size) }), button)
      button.type = "button"
      button.className = "btn-close btn-sm"
      button.setAttribute("aria-label", Portico.say("remove", { name: file.name }))
      button.dataset.action = "files#remove"
      button.dataset.filesPlaceParam = place
      return item
    }
  },
)

function size(bytes) {
  const [amount, unit] = bytes < 1024 * 1024 ? [Math.ceil(bytes / 1024), "KB"] : [bytes / 1024 / 1024, "MB"]
  return `${amount.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${unit}`
}
