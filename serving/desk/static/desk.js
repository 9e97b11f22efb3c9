"use strict";
// Single keys for what the pages offer anyway. Without this file everything works by
// pointer and by Tab; with data-keys="off" no single key does anything.
(() => {
  const isOn = document.body.dataset.keys === "on";
  let isGoing = false; // a `g` was pressed: the next letter names a section

  const isTyping = (event) =>
    event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea");

  const open = (element) => {
    if (element.tagName === "SUMMARY") {
      const details = element.parentElement;
      details.open = !details.open;
      const first = details.open && details.querySelector("input:not([type=hidden]), select, textarea, button");
      (first || element).focus();
    } else {
      element.click();
    }
  };

  const move = (step) => {
    const rows = [...document.querySelectorAll("[data-row]")];
    const at = rows.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
    if (rows[next]) rows[next].focus();
  };

  const press = (event) => {
    if (isTyping(event)) return;
    const key = event.key;
    const named = (name) => document.querySelector(`[${name}="${CSS.escape(key)}"]`);
    let target = null;
    if (isGoing) target = named("data-go");
    isGoing = !isGoing && key === "g";
    if (!target) target = named("data-press");
    const field = named("data-focus");
    if (target) open(target);
    else if (field) field.focus();
    else if (key === "j") move(1);
    else if (key === "k") move(-1);
    else if (key === "o" && document.activeElement.matches("[data-row]")) document.activeElement.click();
    else return;
    event.preventDefault();
  };

  if (isOn) document.addEventListener("keydown", press);
  // a form is sent once, however often its button is pressed
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action").endsWith(".csv")) return; // the page stays
    if (event.target.dataset.isSent) event.preventDefault();
    else if (event.target.method === "post") event.target.dataset.isSent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.isSent;
  });
})();
