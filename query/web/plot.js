// The plots of memory against time, with zoom: drag across a stretch of time, double click for all of it.
(function () {
  "use strict";
  const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
  const PANELS = [
    { bytes: true, lines: { rss: "resident memory (rss)", pss: "proportional share (pss)" } },
    { bytes: true, lines: { vm_size: "address space (vm_size)" } },
    { bytes: false, lines: { objects: "objects that the collector tracks" } },
  ];
  const SECONDS = [0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200]
    .concat([1, 2, 5, 10, 20, 50, 100, 1000].map((days) => days * 86400)); // between ticks
  const MANY = 60; // marks: more are drawn faintly
  const TOUCH = 8; // pixels between names of marks

  function bytesFor(people, digits) {
    let size = people;
    let power = 0;
    while (Math.abs(size) >= 1000 && power < UNITS.length - 1) {
      size /= 1000;
      power++;
    }
    return size.toFixed(power ? digits : 0) + " " + UNITS[power];
  }

  // Labels of an axis, with as many digits as tell them apart.
  function bytesAxis(ticks) {
    for (let digits = 0; digits < 4; digits++) {
      const labels = ticks.map((tick) => bytesFor(tick, digits));
      if (new Set(labels).size === labels.length) return labels;
    }
    return ticks.map((tick) => bytesFor(tick, 4));
  }

  function timeFor(seconds) {
    const rest = (value) => String(Math.floor(value)).padStart(2, "0");
    if (seconds < 60) return Number(seconds.toFixed(2)) + " s";
    if (seconds < 3600) return Math.floor(seconds / 60) + ":" + rest(seconds % 60) + " min";
    return Math.floor(seconds / 3600) + ":" + rest((seconds / 60) % 60) + " h";
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  // Lines at the marks, and their names where they do not touch.
  function marksOf(marks, named) {
    return (plot) => {
      const { ctx, bbox } = plot;
      const ratio = window.devicePixelRatio || 1;
      let end = -Infinity;
      ctx.save();
      ctx.strokeStyle = colour(marks.length > MANY ? "line" : "marks");
      ctx.fillStyle = colour("soft");
      ctx.lineWidth = ratio;
      if (marks.length <= MANY) ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.font = 12 * ratio + "px system-ui, sans-serif";
      ctx.textAlign = "left";
      ctx.textBaseline = "bottom";
      marks.forEach(([time, label]) => {
        const x = Math.round(plot.valToPos(time, "x", true));
        if (x < bbox.left || x > bbox.left + bbox.width) return;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        const width = ctx.measureText(label).width;
        const left = Math.min(x, plot.ctx.canvas.width - width - 2 * ratio);
        if (!named || left < end) return;
        ctx.fillText(label, left, bbox.top - 3 * ratio);
        end = left + width + TOUCH * ratio;
      });
      ctx.restore();
    };
  }

  function setUp(container, series) {
    let made = [];
    const panels = PANELS.map((panel) => ({ ...panel, names: Object.keys(panel.lines).filter((name) => series.lines[name]) }))
      .filter((panel) => panel.names.length);
    const height = { 1: 460, 2: 260, 3: 175 }[panels.length];

    function options(panel, first) {
      const lines = [];
      const tables = [];
      panel.names.forEach((name) => series.lines[name].forEach((line, process) => {
        tables.push(line);
        lines.push({
          label: panel.lines[name] + (series.lines[name].length > 1 ? " " + (process + 1) : ""),
          stroke: colour(name), width: 2, spanGaps: true,
          value: (plot, value) => (value === null || value === undefined ? "\u2013" : panel.bytes ? bytesFor(value, 1) : value.toLocaleString("en")),
        });
      }));
      const axis = { stroke: colour("text"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } };
      const settings = {
        width: container.clientWidth, height, padding: [first && series.marks.length ? 22 : 8, 16, null, null],
        cursor: { sync: { key: "time", setSeries: false } },
        legend: { show: lines.length <= 8 },
        scales: { x: { time: false } },
        hooks: { drawAxes: [marksOf(series.marks, first)] },
        axes: [
          { ...axis, values: (plot, ticks) => ticks.map(timeFor), space: 80, incrs: SECONDS },
          { ...axis, size: 84, values: (plot, ticks) => (panel.bytes ? bytesAxis(ticks) : ticks.map((tick) => tick.toLocaleString("en"))) },
        ],
        series: [{ label: "time", value: (plot, value) => (value === null || value === undefined ? "\u2013" : timeFor(value)) }, ...lines],
      };
      const data = tables.length > 1 ? window.uPlot.join(tables) : tables[0];
      return [settings, data];
    }

    // A stretch of time that is chosen in one plot is shown in all.
    function follow(plot) {
      plot.hooks.setScale = [...(plot.hooks.setScale || []), (from, key) => {
        if (key !== "x") return;
        const { min, max } = from.scales.x;
        made.forEach((other) => {
          if (other !== from && (other.scales.x.min !== min || other.scales.x.max !== max)) other.setScale("x", { min, max });
        });
      }];
    }

    function draw() {
      made.forEach((plot) => plot.destroy());
      made = panels.map((panel, at) => new window.uPlot(...options(panel, at === 0), container));
      made.forEach(follow);
      made.forEach((plot, at) => {
        plot.root.setAttribute("role", "group");
        plot.root.setAttribute("aria-label", panels[at].names.map((name) => panels[at].lines[name]).join(", ") + " against time");
      });
      window.plots = made;
    }

    draw();
    window.addEventListener("resize", draw);
    document.addEventListener("theme", draw);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }

  const container = document.getElementById("plots");
  if (!window.uPlot) return;
  document.getElementById("picture").hidden = true;
  const hint = document.createElement("p");
  hint.className = "soft";
  hint.textContent = "Drag across a stretch of time to see it closer; a double click shows all of it again.";
  container.before(hint);
  setUp(container, JSON.parse(document.getElementById("series").textContent));
})();
