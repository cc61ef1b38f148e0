// The Markdown text field of a reply: a small toolbar, the two kinds, and Ctrl/Cmd+Enter to send.
// The kind itself is a pair of radio buttons; surface and recipients follow it by style sheet alone.
const MARKS = {
  bold: { around: "**", word: "bold_text" },
  code: { around: "`", word: "code_text" },
  list: { before: "- ", word: "list_item" },
  quote: { before: "> ", word: "quote_text" },
}

Portico.register(
  "composer",
  class extends Stimulus.Controller {
    static targets = ["text"]

    // data-action="composer#mark" data-composer-mark-param="bold|code|list|quote|link"
    mark({ params }) {
      const text = this.textTarget
      const chosen = text.value.slice(text.selectionStart, text.selectionEnd)
      if (params.mark === "link") return this.replace(`[${chosen || Portico.say("link_text")}](https://)`)
      const { around, before, word } = MARKS[params.mark]
      const body = chosen || Portico.say(word)
      if (around) return this.replace(body.includes("\n") && around === "`" ? `\n\`\`\`\n${body}\n\`\`\`\n` : around + body + around)
      const atLineStart = text.selectionStart === 0 || text.value[text.selectionStart - 1] === "\n"
      this.replace((atLineStart ? "" : "\n") + body.replace(/^/gm, before))
    }

    // Through the browser's own editing, so that undo keeps working.
    replace(words) {
      this.textTarget.focus()
      if (!document.execCommand("insertText", false, words)) {
        this.textTarget.setRangeText(words, this.textTarget.selectionStart, this.textTarget.selectionEnd, "end")
        this.textTarget.dispatchEvent(new Event("input", { bubbles: true }))
      }
    }

    // data-action="composer#kind" data-composer-kind-param="reply|note"
    kind({ params }) {
      const choice = this.element.querySelector(`[name=kind][value="${params.kind}"]`)
      choice.checked = true
      choice.dispatchEvent(new Event("change", { bubbles: true }))
      this.textTarget.focus()
    }

    // data-action="keydown.esc->composer#leave": out of the text, so that single keys act again; the draft is kept.
    leave() {
      this.textTarget.blur()
    }

    // data-action="keydown.ctrl+enter->composer#send keydown.meta+enter->composer#send"
    send(event) {
      event.preventDefault()
      this.element.requestSubmit(this.element.querySelector("[data-composer-send]"))
    }
  },
)
