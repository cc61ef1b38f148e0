// The one global of ours: the Stimulus application, the reader's words, and toasts. Controllers register themselves
// on it, one file each in controllers/. Classic scripts, so that each is served with its own hashed name.
window.Portico = (() => {
  const application = Stimulus.Application.start()
  const words = JSON.parse(document.getElementById("pd-words").textContent)

  // "%(name)s is larger" with {name: "a.log"} -> "a.log is larger"
  const say = (word, values = {}) => words[word].replace(/%\((\w+)\)s/g, (_, name) => values[name])

  const toast = (text, level = "error") => {
    const made = document.getElementById("pd-toast-template").content.firstElementChild.cloneNode(true)
    made.classList.replace("pd-toast-error", `pd-toast-${level}`)
    made.querySelector("[data-toast-target=text]").textContent = text
    document.getElementById("toasts").append(made)
  }

  // The token for requests that no form makes; htmx sends the same one from the body's hx-headers.
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"]

  // A failed request must never be silent. 409 and 422 are answers with a body of their own, and are swapped in.
  document.addEventListener("htmx:response:error", (event) => {
    const status = event.detail.ctx.response.status
    if (status === 403) toast(say("forbidden"))
    else if (status === 404) toast(say("not_found"))
    else if (status >= 500) toast(say("server_error"))
  })
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx && !event.detail.ctx.response) toast(say("offline"))
  })

  // Drafts outlive a lost session on purpose, but not an explicit sign-out.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-forget-drafts]")) return
    for (const key of Object.keys(localStorage)) if (key.startsWith("draft:")) localStorage.removeItem(key)
  })

  return { words, say, toast, csrf, register: (name, controller) => application.register(name, controller) }
})()
