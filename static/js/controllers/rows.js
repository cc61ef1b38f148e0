// A list that is walked by j and k (or the arrow keys): the rows are links or hold one marked with
// data-rows-target="row". Enter follows the focused link by itself; x ticks the row's box, Shift+click a whole run.
Portico.register(
  "rows",
  class extends Stimulus.Controller {
    static targets = ["row", "box"]

    next() {
      this.focus(1)
    }

    previous() {
      this.focus(-1)
    }

    // data-action="keydown.down->rows#down keydown.up->rows#up" on the list
    down(event) {
      event.preventDefault()
      this.next()
    }

    up(event) {
      event.preventDefault()
      this.previous()
    }

    focus(step) {
      const rows = this.rowTargets
      let at = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement))
      if (at < 0) at = rows.findIndex((row) => row.matches("[aria-current]"))
      const row = rows[Math.max(0, Math.min(rows.length - 1, at + step))]
      const link = row?.matches("a") ? row : row?.querySelector("a[href]")
      link?.focus()
      row?.scrollIntoView({ block: "nearest" })
    }

    tick() {
      const row = this.rowTargets.find((candidate) => candidate.contains(document.activeElement))
      row?.querySelector("[data-rows-target=box]")?.click()
    }

    // data-action="click->rows#range" on the boxes
    range(event) {
      const boxes = this.boxTargets
      const at = boxes.indexOf(event.target)
      if (event.shiftKey && this.last !== undefined)
        for (const box of boxes.slice(Math.min(at, this.last), Math.max(at, this.last) + 1)) box.checked = event.target.checked
      this.last = at
    }
  },
)
