// A keyboard alone is enough, and the form answers while it is filled in.

import assert from 'node:assert/strict';
import { inspect } from './inspect.mjs';
import { heading, press, says, settings, signInAsOperator, signInWithPassword } from './ledgerline.mjs';
import * as okta from './okta.mjs';
import { passwords, people } from './product.mjs';
import { stage } from './stage.mjs';

const scene = stage();
const look = async (page, name) => assert.deepEqual(await inspect(page, name), []);

// Goes on to what has this name, as somebody without a mouse does. Each stop on the way is seen, with a ring around it.
async function tabTo(page, name) {
  const stops = [];
  while (stops.at(-1) !== name) {
    assert.ok(stops.length < 60, `${name} is not among ${stops}`);
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { top, bottom, width } = element.getBoundingClientRect();
      return {
        name: (element.labels?.[0] ?? element).innerText.trim().replaceAll(/\s+/g, ' '),
        ringed: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
        seen: width > 0 && bottom > 0 && top < innerHeight,
      };
    });
    assert.ok(stop.ringed && stop.seen, JSON.stringify(stop));
    stops.push(stop.name);
  }
}

async function enter(page, name) {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}

// What was there is selected when a field is come to, and makes room.
async function type(page, name, words) {
  await tabTo(page, name);
  await page.keyboard.type(words);
}

// Gina at the form of single sign-on, with its field for the issuer.
async function openForm(person, product) {
  const gina = await person();
  await signInWithPassword(gina, product, passwords.gina);
  await heading(gina, 'Hello, Gina');
  await settings(gina, product);
  await gina.getByRole('switch', { name: 'Use Okta for single sign-on' }).check();
  const issuer = gina.getByLabel('Okta client issuer');
  return [gina, issuer];
}

scene('what is wrong is said while it is typed, and nothing is saved', async ({ person, product }) => {
  const [gina, issuer] = await openForm(person, product);
  await issuer.pressSequentially('https://globex-admin.okta.com');
  await says(gina, 'Use the same address without -admin.');
  await look(gina, 'settings-while-typing');
  await issuer.fill(`"${product.okta}/"`);
  await says(gina, `It will be saved as ${product.okta}.`);
  await issuer.fill(product.okta);
  await gina.getByText('It will be saved as').waitFor({ state: 'hidden' });
  await gina.reload();
  assert.equal(await issuer.inputValue(), '');
});

scene('what is said is of what stands there now', async ({ person, product }) => {
  const [gina, issuer] = await openForm(person, product);
  const isInvalid = () => issuer.getAttribute('aria-invalid');
  const described = async () => {
    const ids = (await issuer.getAttribute('aria-describedby')).split(' ');
    return (await Promise.all(ids.map((id) => gina.locator(`[id="${id}"]`).innerText()))).filter(Boolean);
  };

  // The answer to what stood there before is on its way when something else is typed.
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  let asked;
  const first = new Promise((resolve) => { asked = resolve; });
  await gina.route('**/settings/sso/check', async (route) => {
    asked();
    await held;
    await route.continue();
  }, { times: 1 });
  await issuer.fill('https://globex-admin.okta.com');
  await first;
  const givenUp = gina.waitForEvent('requestfailed');
  await issuer.fill('http://globex.okta.com');
  await givenUp;
  release();
  await says(gina, 'The address does not begin with https.');
  assert.equal(await gina.getByText('without -admin').count(), 0);
  assert.equal(await isInvalid(), 'true');

  // What a refused save said goes when the field says something else.
  await press(gina, 'Save');
  await says(gina, 'Nothing was put into use.');
  assert.equal((await described()).length, 2, 'the problem and the help');
  await issuer.fill('https://globex-admin.okta.com');
  await says(gina, 'Use the same address without -admin.');
  const [help, hint, ...others] = await described();
  assert.deepEqual(others, [], help);
  assert.match(hint, /Use the same address without -admin\./);
  assert.equal(await gina.getByText('does not begin with https').count(), 0);
  assert.equal(await isInvalid(), 'true');
  await look(gina, 'settings-typed-after-refusal');
  await issuer.fill(product.okta);
  await gina.getByText('without -admin').waitFor({ state: 'hidden' });
  assert.equal((await described()).length, 1, 'the help alone');
  assert.equal(await isInvalid(), null);
});

scene('an address is copied by one press', async ({ person, product }) => {
  const gina = await person();
  await gina.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: product.url });
  await signInWithPassword(gina, product, passwords.gina);
  await heading(gina, 'Hello, Gina');
  await settings(gina, product);
  await press(gina, 'Copy the sign-in redirect URI');
  await says(gina, 'Copied');
  const copied = await gina.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, `${product.url}/sso/okta/callback`);
});

// The last scene: afterwards Globex takes no password.
scene('the guide without a mouse', async ({ person, product }) => {
  const gina = await person();
  const { keyboard } = gina;
  await gina.goto(`${product.url}/login`);
  await type(gina, 'Work e-mail', passwords.gina.login);
  await type(gina, 'Password', passwords.gina.password);
  await keyboard.press('Enter');
  await heading(gina, 'Hello, Gina');
  await gina.keyboard.press('Tab');
  await gina.getByRole('link', { name: 'Skip to content' }).and(gina.locator(':focus')).waitFor();
  await keyboard.press('Enter');
  await keyboard.press('Tab');
  await gina.getByRole('link', { name: 'Set up single sign-on' }).and(gina.locator(':focus')).waitFor();
  await keyboard.press('Enter');
  await heading(gina, 'Single sign-on');
  await tabTo(gina, 'Use Okta for single sign-on');
  await keyboard.press('Space');
  await type(gina, 'Okta client issuer', 'https://globex-admin.okta.com');
  await enter(gina, 'How e-mail addresses are compared');
  await gina.getByLabel('Comparison').waitFor();
  await look(gina, 'settings-by-keyboard');
  await enter(gina, 'Save');
  await says(gina, 'Nothing was put into use.');
  const described = await gina.getByLabel('Okta client issuer').getAttribute('aria-describedby');
  const [problem] = described.split(' ');
  assert.match(await gina.locator(`#${problem}`).innerText(), /Use the same address without -admin\./);

  // In Okta: the application is assigned, and shows its values.
  const console = await person();
  await console.goto(`${product.okta}/admin`);
  await enter(console, 'Ledgerline (Globex)');
  await heading(console, 'Ledgerline (Globex)');
  await enter(console, 'Assignments');
  await console.waitForURL('**/assignments');
  await enter(console, 'Assign Gina Gray');
  await console.getByRole('button', { name: 'Unassign Gina Gray' }).waitFor();
  const { clientId, clientSecret, issuer } = await okta.readApplication(console, product.okta, 'Ledgerline (Globex)');

  // The draft, its connection, and the domain, which the operator approves.
  await type(gina, 'Client ID', clientId);
  await type(gina, 'Client secret', clientSecret);
  await type(gina, 'Okta client issuer', issuer);
  await enter(gina, 'Save and test connection');
  await says(gina, 'The connection was tested.');
  assert.equal(await gina.locator('.checks .bad').count(), 0);
  await type(gina, 'Ask for a domain', 'globex.example');
  await keyboard.press('Enter');
  await says(gina, 'We have your request.');
  const olga = await person();
  await signInAsOperator(olga, product);
  await enter(olga, 'Approve globex.example for Globex');
  await says(olga, 'Approved.');

  await settings(gina, product);
  await says(gina, 'Confirmed on');

  // To Okta, where the next field is at hand, and back.
  await enter(gina, 'Save and test sign-in');
  await heading(gina, 'Test sign-in');
  await enter(gina, 'Continue to Okta');
  for (const [field, words] of [['Username', people.gina.login], ['Password', people.gina.password]]) {
    await gina.getByLabel(field).and(gina.locator(':focus')).waitFor();
    await keyboard.type(words);
    await keyboard.press('Enter');
  }
  await says(gina, 'Single sign-on is active at Globex with these settings.');
});
