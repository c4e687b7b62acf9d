// Conveniences. Every page works without this file.

// A button beside each value that is meant to be copied.
for (const field of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  const label = document.createElement("span");
  label.textContent = "Copy";
  label.setAttribute("aria-live", "polite");
  const what = document.createElement("span");
  what.className = "unseen";
  what.textContent = ` ${field.dataset.copy}`;
  button.append(label, what);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      label.textContent = "Copied";
    } catch {
      field.select();
      label.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { label.textContent = "Copy"; }, 2500);
  });
  field.after(button);
  field.addEventListener("focus", () => field.select());
}
