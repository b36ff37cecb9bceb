// Pictures of objects: zoom with wheel, buttons and keys, pan by dragging.
(function () {
  "use strict";
  const STEP = 1.4;

  function setUp(figure) {
    const svg = figure.querySelector("svg");
    if (!svg || !window.svgPanZoom) return;
    const width = svg.viewBox.baseVal.width || 1;
    const height = svg.viewBox.baseVal.height || 1;
    const canvas = figure.querySelector(".canvas");
    // Set here, since the library would do it by an attribute that the policy of the page forbids.
    svg.style.overflow = "hidden";
    figure.classList.add("live");
    // As high as the picture at its own size, within what a screen shows.
    canvas.style.height = Math.round(Math.min(Math.max(height * 1.34, 160), window.innerHeight * 0.75)) + "px";
    svg.setAttribute("width", "100%");
    svg.setAttribute("height", "100%");
    const zoom = window.svgPanZoom(svg, {
      fit: true, center: true, minZoom: 0.2, maxZoom: 40, dblClickZoomEnabled: false, mouseWheelZoomEnabled: false,
    });
    const fit = () => {
      zoom.resize();
      zoom.fit();
      zoom.center();
      // A small picture is not blown up.
      const own = (4 / 3) / zoom.getSizes().realZoom;
      if (own < 1) {
        zoom.zoom(own);
        zoom.center();
      }
    };
    const does = {
      in: () => zoom.zoomBy(STEP),
      out: () => zoom.zoomBy(1 / STEP),
      fit,
    };
    fit();
    window.addEventListener("resize", fit);
    figure.querySelector(".tools").hidden = false;
    figure.querySelectorAll(".tools [data-do]").forEach((button) => {
      button.addEventListener("click", () => does[button.dataset.do]());
    });
    // The wheel alone scrolls the page; with Ctrl, or once the picture was clicked, it zooms.
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", figure.getAttribute("aria-label") + ": plus and minus zoom, arrows move, 0 fits");
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return;
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      zoom.zoomAtPointBy(event.deltaY < 0 ? STEP : 1 / STEP, { x: event.clientX - box.left, y: event.clientY - box.top });
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      if (event.key === "+" || event.key === "=") does.in();
      else if (event.key === "-") does.out();
      else if (event.key === "0") does.fit();
      else if (moves[event.key]) zoom.panBy({ x: moves[event.key][0], y: moves[event.key][1] });
      else return;
      event.preventDefault();
    });
  }

  document.querySelectorAll("figure.graph").forEach(setUp);
})();
