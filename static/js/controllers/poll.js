// Asks `url`?seen=… every three seconds, in a visible tab only, whether anything changed. 204: nothing. 200: the body
// is the new mark to send as `seen`; every element with data-poll-target="fresh" hears the event "pulse" and refreshes
// itself (hx-get, hx-trigger="pulse", hx-swap="outerMorph": half-written text and the focus stay). Errors slow it down.
Portico.register(
  "poll",
  class extends Stimulus.Controller {
    static targets = ["fresh"]
    static values = { url: String, seen: String, every: { type: Number, default: 3000 } }

    connect() {
      this.wait = this.everyValue
      this.visible = () => document.hidden || this.ask()
      document.addEventListener("visibilitychange", this.visible)
      this.plan()
    }

    disconnect() {
      document.removeEventListener("visibilitychange", this.visible)
      clearTimeout(this.timer)
    }

    plan() {
      clearTimeout(this.timer)
      if (this.element.isConnected) this.timer = setTimeout(() => this.ask(), this.wait)
    }

    async ask() {
      clearTimeout(this.timer)
      if (document.hidden) return
      const url = new URL(this.urlValue, location.href)
      url.searchParams.set("seen", this.seenValue)
      try {
        const response = await fetch(url, { headers: { "HX-Request": "true" }, redirect: "error" })
        if (!response.ok) throw new Error(String(response.status))
        this.wait = this.everyValue
        if (response.status === 200) {
          this.seenValue = (await response.text()).trim()
          for (const element of this.freshTargets) htmx.trigger(element, "pulse", {})
        }
      } catch {
        this.wait = Math.min(this.wait * 2, 60_000)
      }
      this.plan()
    }
  },
)
