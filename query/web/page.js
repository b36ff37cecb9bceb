// What every page does: light and dark, and tables that sort by a click on a heading and filter by a word.
(function () {
  "use strict";

  function setUpTheme() {
    const button = document.getElementById("theme");
    const root = document.documentElement;
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
    const label = () => {
      button.textContent = isDark() ? "Light" : "Dark";
      button.setAttribute("aria-label", "Change to " + (isDark() ? "light" : "dark") + " colours");
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      label();
      document.dispatchEvent(new Event("theme"));
    });
    system.addEventListener("change", label);
    label();
  }

  // A cell's number stands in data-value where its text is for people.
  function valueOf(row, column) {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  }

  // Ascending.
  function compare(a, b) {
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  }

  function setUpSorting(table) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      if (heading.dataset.fixed !== undefined) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        // Names from a to z first, numbers from the largest.
        const usual = heading.classList.contains("number") ? "descending" : "ascending";
        const other = usual === "descending" ? "ascending" : "descending";
        const order = heading.getAttribute("aria-sort") === usual ? other : usual;
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => compare(valueOf(a, column), valueOf(b, column)) * (order === "ascending" ? 1 : -1));
        headings.forEach((each) => each.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", order);
        table.tBodies[0].append(...rows);
      });
    });
  }

  const MANY = 8; // rows: fewer are seen at a glance

  function setUpFilter(table) {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < MANY) return;
    const input = document.createElement("input");
    input.type = "search";
    input.className = "filter";
    input.placeholder = "Filter";
    input.setAttribute("aria-label", "Show only rows with this text");
    input.addEventListener("input", () => {
      const word = input.value.toLowerCase();
      rows.forEach((row) => { row.hidden = !row.cells[0].textContent.toLowerCase().includes(word); });
    });
    table.before(input);
  }

  setUpTheme();
  document.querySelectorAll("table.sortable").forEach((table) => {
    setUpSorting(table);
    setUpFilter(table);
  });
})();
