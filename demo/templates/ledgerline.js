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

// What the server says about a form while it is being filled in. Nothing is saved.
for (const form of document.querySelectorAll("form[data-check]")) {
  let waiting;
  const places = [...form.querySelectorAll("[data-hint]")];
  const ask = async () => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.check, { method: "POST", body }).catch(() => null);
    if (!answer?.ok) return;
    const hints = await answer.json();
    for (const place of places) {
      const hint = hints.find((one) => one.field === place.dataset.hint);
      place.textContent = hint?.text ?? "";
      place.className = hint ? `live ${hint.problem ? "problem" : "correction"}` : "live";
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 500);
  });
}
