// Asks `url`?seen=… every three seconds, in a visible tab only, whether anything changed. 204: nothing. 200: the body
// is the new mark to send as `seen`; every element with data-poll-target="fresh" hears the event "pulse" and refreshes
// itself (hx-get, hx-trigger="pulse", hx-swap="outerMorph": half-written text and the focus stay). Errors slow it down.
//
// Others may ride on it: "poll:asking" is dispatched with the url before it asks, and "poll:answered" with the answer,
// whose mark is then one of the fields of a JSON object (presence.js).
//
// It never works against the reader. Nothing is renewed while the mouse or a finger is down, or the click would land on
// what moved there. What was answered to somebody (data-answer: a conflict) stays until his own next step takes it away,
// however often the page renews itself. And what something else got in the way of is asked for again at the next look.
const UP = ["pointerup", "pointercancel"]

Portico.register(
  "poll",
  class extends Stimulus.Controller {
    static targets = ["fresh"]
    static values = { url: String, seen: String, every: { type: Number, default: 3000 } }

    connect() {
      this.wait = this.everyValue
      this.visible = () => document.hidden || this.ask()
      document.addEventListener("visibilitychange", this.visible)
      this.due = new Set()
      this.down = () => (this.isPressed = true)
      this.up = () => setTimeout(() => this.released()) // the click comes first
      document.addEventListener("pointerdown", this.down, true)
      for (const name of UP) document.addEventListener(name, this.up, true)
      this.sent = ({ detail: { ctx } }) => this.due.delete(ctx.sourceElement)
      this.answered = (event) => this.hold(event)
      this.swaps = ({ detail: { ctx } }) => keep(ctx)
      this.element.addEventListener("htmx:before:request", this.sent)
      this.element.addEventListener("htmx:after:request", this.answered)
      this.element.addEventListener("htmx:before:swap", this.swaps)
      this.plan()
    }

    disconnect() {
      document.removeEventListener("visibilitychange", this.visible)
      document.removeEventListener("pointerdown", this.down, true)
      for (const name of UP) document.removeEventListener(name, this.up, true)
      this.element.removeEventListener("htmx:before:request", this.sent)
      this.element.removeEventListener("htmx:after:request", this.answered)
      this.element.removeEventListener("htmx:before:swap", this.swaps)
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
      this.dispatch("asking", { detail: { url } })
      try {
        const response = await fetch(url, { headers: { "HX-Request": "true" }, redirect: "error" })
        if (!response.ok) throw new Error(String(response.status))
        this.wait = this.everyValue
        if (response.status === 200) {
          const isJson = response.headers.get("Content-Type").includes("json")
          const answer = isJson ? await response.json() : { mark: (await response.text()).trim() }
          this.dispatch("answered", { detail: { answer } })
          if (answer.mark && answer.mark !== this.seenValue) {
            this.seenValue = answer.mark
            for (const element of this.freshTargets) this.due.add(element)
          }
        }
        this.renew()
      } catch {
        this.wait = Math.min(this.wait * 2, 60_000)
      }
      this.plan()
    }

    renew() {
      if (this.isPressed) return
      for (const element of this.due) {
        if (element.isConnected) htmx.trigger(element, "pulse", {})
        else this.due.delete(element)
      }
    }

    released() {
      this.isPressed = false
      if (this.element.isConnected) this.renew()
    }

    // An answer to the page's own question that comes while something is pressed is dropped, and asked for again.
    hold(event) {
      const { ctx } = event.detail
      if (!isOurs(ctx) || !this.isPressed) return
      event.preventDefault()
      this.due.add(ctx.sourceElement)
    }
  },
)

function isOurs(ctx) {
  return ctx.sourceEvent?.type === "pulse"
}

// data-keep is what htmx leaves alone while it morphs (morphSkip in base.html).
function keep(ctx) {
  for (const answer of ctx.target?.querySelectorAll?.("[data-answer]") ?? []) answer.toggleAttribute("data-keep", isOurs(ctx))
}
