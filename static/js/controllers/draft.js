// Keeps what is being written: in this browser one second after the last key, and on the server (POST of text and
// kind to `url`) at most every five seconds. The state is always visible; "Not saved" stays until it is saved.
//
// A sent text is forgotten only when the server has taken it: the page carries a `version` (for instance the number
// of the newest entry) that changes with every entry. Sent, but the same version again: the text comes back.
Portico.register(
  "draft",
  class extends Stimulus.Controller {
    static targets = ["text", "state"]
    static values = { url: String, key: String, version: String }

    connect() {
      const kept = this.read()
      const isLost = kept?.sent ? kept.version === this.versionValue && !this.textTarget.value : kept?.unsaved
      if (isLost && kept.text && kept.text !== this.textTarget.value) {
        this.textTarget.value = kept.text
        this.pickKind(kept.kind)
        this.show("restored")
      } else if (kept?.sent) this.forget()
      else if (this.textTarget.value) this.show("saved")
    }

    disconnect() {
      clearTimeout(this.localTimer)
      clearTimeout(this.serverTimer)
    }

    // data-action="input->draft#typed change->draft#typed"
    typed() {
      this.dirty = true
      clearTimeout(this.localTimer)
      this.localTimer = setTimeout(() => this.keep(), 1000)
    }

    keep() {
      this.write({ unsaved: true })
      if (!this.urlValue) return this.show("saved")
      const wait = Math.max(0, (this.lastSent ?? -Infinity) + 5000 - performance.now())
      clearTimeout(this.serverTimer)
      this.serverTimer = setTimeout(() => this.send(), wait)
    }

    async send() {
      this.lastSent = performance.now()
      this.dirty = false
      this.show("saving")
      const body = new FormData()
      body.set("text", this.textTarget.value)
      body.set("kind", this.kind)
      try {
        const headers = { "X-CSRFToken": Portico.csrf() }
        const response = await fetch(this.urlValue, { method: "POST", body, headers, redirect: "error" })
        if (!response.ok) throw new Error(String(response.status))
        if (this.dirty) return
        this.write({ unsaved: false })
        this.show("saved")
      } catch {
        this.show("failed")
        this.serverTimer = setTimeout(() => this.send(), 5000)
      }
    }

    // data-action="submit->draft#sending"
    sending() {
      clearTimeout(this.localTimer)
      clearTimeout(this.serverTimer)
      this.write({ sent: true, unsaved: true })
    }

    // data-action="htmx:after:request->draft#answered": htmx knows at once whether the server took the text.
    answered(event) {
      const response = event.detail.ctx?.response
      if (event.target === this.element && response && response.status < 400) this.forget()
    }

    get kind() {
      return this.element.querySelector("[name=kind]:checked")?.value ?? "reply"
    }

    pickKind(kind) {
      const choice = this.element.querySelector(`[name=kind][value="${CSS.escape(kind ?? "reply")}"]`)
      if (choice) choice.checked = true
    }

    show(state) {
      if (!this.hasStateTarget) return
      this.stateTarget.dataset.state = state
      this.stateTarget.textContent = Portico.say(`draft_${state}`)
    }

    read() {
      try {
        return JSON.parse(localStorage.getItem(`draft:${this.keyValue}`))
      } catch {
        return null
      }
    }

    write(facts) {
      const draft = { text: this.textTarget.value, kind: this.kind, version: this.versionValue, ...facts }
      try {
        localStorage.setItem(`draft:${this.keyValue}`, JSON.stringify(draft))
      } catch {
        this.show("failed")
      }
    }

    forget() {
      localStorage.removeItem(`draft:${this.keyValue}`)
    }
  },
)
