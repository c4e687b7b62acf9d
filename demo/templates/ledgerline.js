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
  let asking = new AbortController();
  const edited = new Set();
  const places = [...form.querySelectorAll("[data-hint]")];
  const ask = async () => {
    const { signal } = asking;
    const body = new URLSearchParams(new FormData(form));
    const hints = await fetch(form.dataset.check, { method: "POST", body, signal })
      .then((answer) => (answer.ok ? answer.json() : []))
      .catch(() => []);
    if (signal.aborted) return;
    for (const place of places) show(place, hints.find((one) => one.field === place.dataset.hint));
  };
  const show = (place, hint) => {
    const field = form.querySelector(`[aria-describedby~="${place.id}"]`);
    const remarks = () => [...place.parentElement.children].filter((one) => one !== place && one.matches(".problem, .correction"));
    // What was said of the last save is said of another value.
    if (hint || edited.has(field)) for (const remark of remarks()) remark.remove();
    place.textContent = hint?.text ?? "";
    place.className = hint ? `live ${hint.problem ? "problem" : "correction"}` : "live";
    const described = field.getAttribute("aria-describedby").split(/\s+/);
    field.setAttribute("aria-describedby", described.filter((id) => document.getElementById(id)).join(" "));
    if (hint?.problem || remarks().some((one) => one.matches(".problem"))) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  };
  form.addEventListener("input", ({ target }) => {
    edited.add(target);
    // An answer to what stood there before comes too late.
    asking.abort();
    asking = new AbortController();
    clearTimeout(waiting);
    waiting = setTimeout(ask, 500);
  });
}
