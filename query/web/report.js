// The treemap of the report: boxes that can be entered and left, by pointer and by keyboard.
(function () {
  "use strict";
  const HEADER = 18; // pixels above the inner boxes
  const DEPTH = 4; // levels that are laid out at a time
  const INNER_LEAST = 60; // pixels: narrower or lower boxes show nothing inside

  function bytesFor(people) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let size = people;
    let power = 0;
    while (size >= (power ? 999.95 : 1000) && power < units.length - 1) {
      size /= 1000;
      power++;
    }
    return (power ? size.toFixed(1) : size) + " " + units[power];
  }

  // The rows of the page's data as a tree.
  function read(rows) {
    const boxes = rows.map(([parent, label, type, path, id, count, bytes, fresh]) =>
      ({ parent, label, type, path, id, count, bytes, fresh, children: [] }));
    boxes.forEach((box) => {
      box.parent = boxes[box.parent] || null;
      if (box.parent) box.parent.children.push(box);
    });
    return boxes[0];
  }

  function bare(type) {
    return type.slice(type.lastIndexOf(".") + 1) || type;
  }

  function nameOf(box) {
    if (!box.parent) return "everything";
    if (box.id < 0) {
      const count = box.count.toLocaleString("en");
      return (box.type ? bare(box.type) + " \u00d7" : "more: ") + count + (2 * box.fresh > box.bytes ? " new" : "");
    }
    const name = box.label || box.path;
    return name ? name + "  " + bare(box.type) : bare(box.type) + " #" + box.id;
  }

  function detailOf(box, whole) {
    const part = ((100 * box.bytes) / whole.bytes).toFixed(1);
    const words = [(box.path || nameOf(box))];
    if (box.id >= 0) words.push(box.type + " #" + box.id);
    words.push("keeps " + bytesFor(box.bytes) + " alive (" + part + " %)");
    if (whole.fresh) words.push(bytesFor(box.fresh) + " of it new");
    return words.join("  \u00b7  ");
  }

  function shade(box) {
    return "new" + Math.min(4, Math.ceil((4 * box.fresh) / Math.max(box.bytes, 1)));
  }

  function place(element, node) {
    element.style.left = node.x0 + "px";
    element.style.top = node.y0 + "px";
    element.style.width = Math.max(node.x1 - node.x0, 1) + "px";
    element.style.height = Math.max(node.y1 - node.y0, 1) + "px";
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function layOut(box, width, height) {
    const prune = (of, depth) => ({ box: of, children: depth ? of.children.map((child) => prune(child, depth - 1)) : [] });
    const root = window.d3.hierarchy(prune(box, DEPTH), (node) => node.children);
    root.each((node) => { node.value = node.data.box.bytes; });
    // What a box holds itself, outside of its boxes, is the room that they leave.
    return window.d3.treemap().size([width, height]).paddingTop((node) => (node.depth ? HEADER : 0)).paddingInner(1).round(true)(root);
  }

  function setUp(container, whole) {
    const crumbs = container.appendChild(element("div", "crumbs"));
    const map = container.appendChild(element("div", "map"));
    const detail = container.appendChild(element("p", "detail"));
    map.setAttribute("role", "group");
    map.setAttribute("aria-label", "Treemap of retained bytes: Enter goes into a box, Escape comes back, arrows move");
    detail.setAttribute("aria-live", "polite");
    let current = whole;

    function tell(box) {
      detail.textContent = detailOf(box, whole);
    }

    // What is in a box, as far as there is room; only looked at.
    function drawInner(node) {
      if (node.x1 - node.x0 < INNER_LEAST || node.y1 - node.y0 < INNER_LEAST) return;
      (node.children || []).forEach((child) => {
        const width = child.x1 - child.x0;
        const height = child.y1 - child.y0;
        if (width < 8 || height < 8) return;
        const inner = element("div", "inner " + shade(child.data.box), width > 50 && height > 16 ? nameOf(child.data.box) : "");
        inner.setAttribute("aria-hidden", "true");
        place(inner, child);
        map.append(inner);
        drawInner(child);
      });
    }

    function drawBox(node) {
      const box = node.data.box;
      const width = node.x1 - node.x0;
      const height = node.y1 - node.y0;
      if (width < 2 || height < 2) return;
      const enters = box.children.length > 0;
      const text = width > 40 && height > HEADER - 2 ? nameOf(box) + "  " + bytesFor(box.bytes) : "";
      const button = element("button", "box " + shade(box), text);
      button.type = "button";
      button.setAttribute("aria-label", nameOf(box) + ", " + bytesFor(box.bytes));
      if (!enters) button.setAttribute("aria-disabled", "true");
      place(button, node);
      button.addEventListener("focus", () => tell(box));
      button.addEventListener("pointerenter", () => tell(box));
      button.addEventListener("click", () => { if (enters) enter(box); });
      button.box = box;
      map.append(button);
      drawInner(node);
    }

    function drawCrumbs() {
      const line = [];
      for (let box = current; box; box = box.parent) line.unshift(box);
      crumbs.replaceChildren();
      line.forEach((box, depth) => {
        if (depth) crumbs.append(element("span", "", "\u203a"));
        const button = crumbs.appendChild(element("button", "", nameOf(box)));
        button.type = "button";
        if (box === current) button.setAttribute("aria-current", "true");
        else button.addEventListener("click", () => enter(box));
      });
    }

    function draw() {
      const root = layOut(current, map.clientWidth, map.clientHeight);
      map.replaceChildren();
      (root.children || []).forEach(drawBox);
      drawCrumbs();
      tell(current);
    }

    function boxes() {
      return [...map.querySelectorAll(".box")];
    }

    function enter(box) {
      const from = current;
      const hadFocus = container.contains(document.activeElement);
      current = box;
      draw();
      const next = boxes().find((button) => button.box === from) || boxes()[0];
      if (hadFocus && next) next.focus();
    }

    map.addEventListener("keydown", (event) => {
      const all = boxes();
      const at = all.indexOf(document.activeElement);
      if (event.key === "Escape" || event.key === "Backspace") {
        if (current.parent) enter(current.parent);
      } else if (event.key === "ArrowRight" || event.key === "ArrowDown") {
        (all[at + 1] || all[0]).focus();
      } else if (event.key === "ArrowLeft" || event.key === "ArrowUp") {
        (all[at - 1] || all[all.length - 1]).focus();
      } else {
        return;
      }
      event.preventDefault();
    });
    window.addEventListener("resize", draw);
    draw();
  }

  function legend(container) {
    const line = container.appendChild(element("p", "legend"));
    ["nothing new", "up to a quarter new", "to half", "to three quarters", "mostly new"].forEach((text, step) => {
      const item = line.appendChild(element("span"));
      item.append(element("i", "new" + step), text);
    });
  }

  const container = document.getElementById("treemap");
  if (!window.d3 || !window.d3.treemap) return;
  const whole = read(JSON.parse(document.getElementById("boxes").textContent));
  container.hidden = false;
  container.append(element("p", "soft", "Click a box to go into it; Escape, or the line above the boxes, leads back."));
  setUp(container, whole);
  if (whole.fresh) legend(container);
  document.querySelector("details.largest").open = false;
})();
