// Light, dark or system at once; the form's own POST stores it for the person (and works without this file).
Portico.register(
  "theme",
  class extends Stimulus.Controller {
    static targets = ["option"]

    async choose(event) {
      const chosen = event.submitter
      if (!chosen) return
      event.preventDefault()
      document.documentElement.dataset.theme = chosen.value
      for (const form of document.querySelectorAll("[data-controller~=theme] [name=theme]"))
        form.setAttribute("aria-pressed", String(form.value === chosen.value))
      const body = new FormData(this.element)
      body.set("theme", chosen.value)
      try {
        const response = await fetch(this.element.action, { method: "POST", body, redirect: "manual" })
        if (response.status >= 400) Portico.toast(Portico.say("server_error"))
      } catch {
        Portico.toast(Portico.say("offline"))
      }
    }
  },
)
