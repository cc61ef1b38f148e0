// Draws one chart with ECharts (loaded on dashboards only) from the server's JSON; templates/components/README.md says
// what is in it. Colours are tokens, patterns tell the series apart without them, every point may lead to its list.
const PATTERNS = {
  hatch: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, color: "rgba(255,255,255,.5)" },
  dots: { symbol: "circle", symbolSize: 0.5, dashArrayX: [6, 0], dashArrayY: [6, 0], color: "rgba(255,255,255,.6)" },
}

Portico.register(
  "chart",
  class extends Stimulus.Controller {
    static targets = ["data", "canvas", "table", "button"]

    connect() {
      this.chart = JSON.parse(this.dataTarget.textContent)
      this.buttonTarget.hidden = false
      this.canvasTarget.hidden = false
      this.tableTarget.hidden = true
      this.drawing = echarts.init(this.canvasTarget, null, { renderer: "svg" })
      this.drawing.on("click", ({ seriesIndex, dataIndex }) => this.follow(seriesIndex, dataIndex))
      this.drawing.getZr().on("click", (event) => this.followCurve(event))
      this.draw()
      this.size = new ResizeObserver(() => this.drawing.resize())
      this.size.observe(this.canvasTarget)
      this.theme = new MutationObserver(() => this.draw())
      this.theme.observe(document.documentElement, { attributeFilter: ["data-bs-theme"] })
    }

    disconnect() {
      this.size.disconnect()
      this.theme.disconnect()
      this.drawing.dispose()
      this.canvasTarget.hidden = true
      this.tableTarget.hidden = false
    }

    toggle() {
      const asTable = this.tableTarget.hidden
      this.tableTarget.hidden = !asTable
      this.canvasTarget.hidden = asTable
      this.buttonTarget.setAttribute("aria-pressed", String(asTable))
    }

    follow(series, place) {
      const url = this.chart.series[series]?.urls?.[place]
      if (url) location.assign(url)
    }

    // A curve is too thin to hit: a click anywhere leads to the day it stands on, of the first series with links.
    followCurve(event) {
      const pixel = [event.offsetX, event.offsetY]
      if (this.chart.kind !== "line" || !this.drawing.containPixel("grid", pixel)) return
      const place = this.drawing.convertFromPixel({ gridIndex: 0 }, pixel)[0]
      this.follow(this.chart.series.findIndex((series) => series.urls), place)
    }

    draw() {
      const { chart } = this
      const styles = getComputedStyle(document.documentElement)
      const token = (name) => styles.getPropertyValue(`--${name}`).trim()
      const [ink, ink3, line, surface] = ["ink", "ink-3", "line", "surface"].map(token)
      const unit = chart.unit ?? ""
      const lies = chart.horizontal
      const names = {
        type: "category",
        data: chart.categories,
        inverse: Boolean(lies),
        boundaryGap: chart.kind !== "line",
        axisLine: { lineStyle: { color: line } },
        axisTick: { show: false },
        axisLabel: { color: ink3, fontSize: 11.5, hideOverlap: true },
      }
      const numbers = {
        type: "value",
        min: chart.min,
        max: chart.max,
        minInterval: chart.unit ? undefined : 1,
        axisLabel: { color: ink3, fontSize: 11.5, formatter: `{value}${unit}` },
        splitLine: { lineStyle: { color: line } },
      }
      this.drawing.setOption(
        {
          animation: false,
          textStyle: { fontFamily: token("font"), color: ink3 },
          aria: { enabled: true, label: { description: chart.description ?? "" }, decal: { show: true } },
          grid: { left: 8, right: 18, top: chart.series.length > 1 ? 36 : 14, bottom: 4, containLabel: true },
          legend: { show: chart.series.length > 1, top: 4, left: 8, itemWidth: 14, itemHeight: 8, textStyle: { color: ink3, fontSize: 12 } },
          tooltip: {
            trigger: "axis",
            renderMode: "richText",
            backgroundColor: surface,
            borderColor: line,
            textStyle: { color: ink, fontSize: 12, fontFamily: token("font") },
            axisPointer: { type: chart.kind === "line" ? "line" : "shadow" },
            valueFormatter: (value) => (value == null ? "–" : `${value}${unit}`),
          },
          xAxis: lies ? numbers : names,
          yAxis: lies ? names : numbers,
          series: chart.series.map((series, place) => this.series(series, place, { token, ink, surface })),
        },
        true,
      )
    }

    series(series, place, { token, ink, surface }) {
      const { kind, stacked, target, unit } = this.chart
      const colour = token(series.colour ?? "brand")
      const pattern = PATTERNS[series.pattern] ?? { symbol: "none" }
      const bar = { type: "bar", stack: stacked ? "all" : undefined, barMaxWidth: 26, barCategoryGap: "38%" }
      const curve = {
        type: "line",
        symbol: "circle",
        symbolSize: 5,
        connectNulls: true,
        showSymbol: this.chart.categories.length < 3,
        lineStyle: { width: series.dashed ? 2 : 2.5, type: series.dashed ? "dashed" : "solid", color: colour },
        areaStyle: series.area ? { color: colour, opacity: 0.08, decal: { symbol: "none" } } : undefined,
      }
      return {
        name: series.name,
        data: stacked ? series.data.map((value) => value || null) : series.data,
        cursor: series.urls ? "pointer" : "default",
        itemStyle: { color: colour, borderColor: stacked ? surface : undefined, borderWidth: stacked ? 1 : 0, decal: pattern },
        ...(kind === "line" ? curve : bar),
        markLine: target && place === 0 && {
          silent: true,
          symbol: "none",
          label: { formatter: target.label ?? `${target.value}${unit ?? ""}`, position: "insideStartBottom", color: ink, fontSize: 11.5 },
          lineStyle: { color: ink, type: "solid", width: 1 },
          data: [{ yAxis: target.value }],
        },
      }
    }
  },
)
