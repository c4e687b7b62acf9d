// The product's own pages, as people use them.

import assert from 'node:assert/strict';

// From the login page to where Okta asks who it is; `company` as `?tenant=` names it.
export async function pressOkta(page, product, company) {
  await page.goto(`${product.url}/login${company ? `?tenant=${company}` : ''}`);
  await page.getByRole('link', { name: 'Okta', exact: true }).click();
}

export async function signInWithPassword(page, product, { login, password }) {
  await page.goto(`${product.url}/login`);
  await page.getByLabel('Work e-mail').fill(login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function signInAsOperator(page, product) {
  await page.goto(`${product.url}/operator`);
  await page.getByLabel('Name').fill('olga');
  await page.getByLabel('Password').fill('ledgerline-operator');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await heading(page, 'Domains');
}

export const settings = (page, product) => page.goto(`${product.url}/settings/sso`);

// Fills in the rule for e-mail addresses, in its part of the form, which opens by itself where a rule was chosen.
export async function compare(page, how) {
  const rule = page.getByLabel('Comparison');
  if (!(await rule.isVisible())) await page.getByText('How e-mail addresses are compared').click();
  await rule.selectOption(how);
}

export const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

// What `/me` says to this browser: its status, and who is signed in.
export async function me(page, product) {
  const answer = await page.context().request.get(`${product.url}/me`);
  return answer.ok() ? answer.json() : answer.status();
}

export const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

// The page says so, somewhere where a person sees it.
export const says = (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor();

// The page says that nobody came in, why as far as it concerns them, and what to do next. Answers with the reference
// under which the administrator finds the reason.
export async function refused(page, text, next) {
  await heading(page, 'This sign-in did not succeed');
  const words = await page.getByRole('main').innerText();
  for (const expected of [text, next]) assert.ok(words.includes(expected), `${expected}\nis not in\n${words}`);
  await page.getByRole('link', { name: 'Back to the sign-in page' }).waitFor();
  return /Reference\s+(\S+)/.exec(words)[1];
}
