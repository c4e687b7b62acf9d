// The development Okta's own pages, as people use them.

import assert from 'node:assert/strict';

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

// The same without a browser.
export async function setSwitches(okta, ...switches) {
  const body = new URLSearchParams(switches.map((id) => ['on', id]));
  const answer = await fetch(`${okta}/admin/switches`, { method: 'POST', body, redirect: 'manual' });
  assert.equal(answer.status, 303);
}

// What the guide tells to copy from the admin console. Ends at the Sign On tab.
export async function readApplication(page, okta, name) {
  await page.goto(`${okta}/admin`);
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('link', { name: 'General' }).click();
  const listed = (term) => page.locator(`dt:text-is("${term}") + dd`).innerText();
  const [redirectUri, signedOutUri] = [await listed('Sign-in redirect URIs'), await listed('Sign-out redirect URIs')];
  await page.getByRole('link', { name: 'Sign On' }).click();
  const clientId = await listed('Client ID');
  const [clientSecret] = await secrets(page);
  await page.getByRole('link', { name: 'OpenID Provider Metadata' }).click();
  const { issuer } = JSON.parse(await page.locator('body').innerText());
  await page.goBack();
  return { clientId, clientSecret, issuer, redirectUri, signedOutUri };
}

// Lets people use an application. Ends at the Assignments tab.
export async function assign(page, okta, name, ...who) {
  await page.goto(`${okta}/admin`);
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('link', { name: 'Assignments' }).click();
  for (const person of who) {
    await page.getByRole('button', { name: `Assign ${person}`, exact: true }).click();
    await page.getByRole('button', { name: `Unassign ${person}` }).waitFor();
  }
}

// Chooses what an application's ID tokens name as their issuer: ORG_URL, CUSTOM_URL or DYNAMIC. Ends at the Sign On tab.
export async function chooseIssuer(page, okta, name, mode) {
  await page.goto(`${okta}/admin`);
  await page.getByRole('link', { name, exact: true }).click();
  await saveIssuer(page, mode);
}

// The same for the authorization server `default`, with a policy or without.
export async function changeServer(page, okta, mode, policy) {
  await page.goto(`${okta}/admin/api`);
  await saveIssuer(page, mode);
  await page.getByRole('button', { name: policy ? 'Add a policy for everybody' : 'Remove the policy' }).click();
}

async function saveIssuer(page, mode) {
  await page.getByLabel('Issuer', { exact: true }).selectOption(mode);
  const saved = page.waitForResponse((answer) => answer.status() === 303);
  await page.getByRole('button', { name: 'Save' }).click();
  await saved;
}

// The secrets on the page, each shown by its button.
export async function secrets(page) {
  const closed = page.locator('dd > details:not([open]) > summary');
  while ((await closed.count()) > 0) await closed.first().click();
  return page.locator('.secret').allInnerTexts();
}

// Tells an application of the product's public keys. Ends at the Sign On tab.
export async function fetchKeysAt(page, okta, name, address) {
  await editAuthentication(page, okta, name);
  await page.getByLabel('Use a URL to fetch keys dynamically').fill(address);
  await page.getByRole('button', { name: 'Use this URL' }).click();
  await page.getByText('Public key / Private key').first().waitFor();
}

// The client secret again, which the application still has.
export async function useSecret(page, okta, name) {
  await editAuthentication(page, okta, name);
  await page.getByRole('button', { name: 'Use the client secret' }).click();
  await page.getByRole('button', { name: 'Use the client secret' }).waitFor({ state: 'detached' });
}

async function editAuthentication(page, okta, name) {
  await page.goto(`${okta}/admin`);
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('link', { name: 'Sign On' }).click();
  const closed = page.locator('details:not([open]) > summary', { hasText: 'Edit client authentication' });
  if (await closed.count()) await closed.click();
}

export async function rotateKeys(page, okta) {
  await page.goto(`${okta}/admin/keys`);
  await page.getByRole('button', { name: 'Rotate keys' }).click();
}
