// What every page does: light and dark, and tables that sort by a click on a heading.
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

  function compare(a, b) {
    return typeof a === "number" && typeof b === "number" ? b - a : String(a).localeCompare(String(b));
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
        const backwards = heading.getAttribute("aria-sort") === "descending";
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => compare(valueOf(a, column), valueOf(b, column)) * (backwards ? -1 : 1));
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", backwards ? "ascending" : "descending");
        table.tBodies[0].append(...rows);
      });
    });
  }

  setUpTheme();
  document.querySelectorAll("table.sortable").forEach(setUpSorting);
})();
