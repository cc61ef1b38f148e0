// A clock's chip: writes the time left anew every 30 seconds and gives it the next state's form when its time comes.
// The moments of the states come from the server, so the rule lives in one place (core/countdown.py).
const ORDER = ["on_track", "due_soon", "at_risk", "breached"]

Portico.register(
  "countdown",
  class extends Stimulus.Controller {
    static targets = ["text"]
    static values = { dueSoonAt: String, atRiskAt: String }

    connect() {
      this.timer = setInterval(() => this.refresh(), 30_000)
    }

    disconnect() {
      clearInterval(this.timer)
    }

    refresh() {
      const due = new Date(this.element.dateTime)
      const now = Date.now()
      const gone = [this.dueSoonAtValue, this.atRiskAtValue].filter((at) => now >= new Date(at)).length
      const shown = ORDER.findIndex((state) => this.element.classList.contains(css(state)))
      const state = now >= due ? 3 : gone
      if (state > shown) this.become(ORDER[shown], ORDER[state])
      this.textTarget.textContent = short(due - now)
    }

    become(before, after) {
      this.element.classList.replace(css(before), css(after))
      this.element.querySelector(".visually-hidden").textContent = Portico.words.states[after]
      const use = this.element.querySelector("use")
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${Portico.words.icons[after]}`))
    }
  },
)

function css(state) {
  return `pd-sla-${state.replace("_", "-")}`
}

// Milliseconds in at most two units, as core/countdown.py writes them: 1d 2h, 1h 05m, 24m, −12m.
function short(milliseconds) {
  const { day, hour, minute } = Portico.words.units
  const all = Math.floor(Math.abs(milliseconds) / 60_000)
  const [days, hours, minutes] = [Math.floor(all / 1440), Math.floor(all / 60) % 24, all % 60]
  const sign = milliseconds < 0 ? "−" : ""
  if (days) return `${sign}${days}${day}${hours ? ` ${hours}${hour}` : ""}`
  if (hours) return `${sign}${hours}${hour} ${String(minutes).padStart(2, "0")}${minute}`
  return `${sign}${minutes}${minute}`
}
