// The development Okta's own pages, as people use them.

// Signs in where an Okta page asks for it.
export async function signIn(page, { login, password }) {
  await giveUsername(page, login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Verify' }).click();
}

// The same, up to the address that Okta sends the browser to: nobody has gone there yet.
export async function signInAndStop(page, { login, password }) {
  await giveUsername(page, login);
  const token = await page.locator('input[name=token]').first().inputValue();
  const answer = await page.context().request.post(new URL('/signin/password', page.url()).href, {
    form: { token, password },
    maxRedirects: 0,
  });
  return answer.headers().location;
}

async function giveUsername(page, login) {
  await page.getByLabel('Username').fill(login);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Password').waitFor();
}

// Turns these misbehaviours on at the admin console, and all others off.
export async function misbehave(page, okta, ...switches) {
  await page.goto(`${okta}/admin/switches`);
  const wrong = await page
    .getByRole('checkbox')
    .evaluateAll((boxes, on) => boxes.filter((box) => box.checked !== on.includes(box.value)).map(({ value }) => value), switches);
  for (const value of wrong) await page.locator(`input[value=${value}]`).click();
  await page.getByRole('button', { name: 'Save' }).click();
}

export async function rotateKeys(page, okta) {
  await page.goto(`${okta}/admin/keys`);
  await page.getByRole('button', { name: 'Rotate keys' }).click();
}
