// The guide, as its people walk it. `look(page, name)` is called at each page that is worth a look.

import assert from 'node:assert/strict';
import { picture } from './chromium.mjs';
import { compare, heading, me, press, pressOkta, refused, says, settings, signInAsOperator, signInWithPassword } from './ledgerline.mjs';
import * as okta from './okta.mjs';
import { people, passwords } from './product.mjs';

const status = (page, words) => page.locator('#status').getByText(words, { exact: true }).waitFor();

// From passwords to Okta: Globex's administrator, its Okta's administrator, and the operator. Answers with Gina's page.
export async function setUp({ person, product, look }) {
  // In Ledgerline, part 1: the toggle.
  const gina = await person();
  await signInWithPassword(gina, product, passwords.gina);
  await heading(gina, 'Hello, Gina');
  await look(gina, 'home-before-okta');
  await gina.getByRole('link', { name: 'Set up single sign-on' }).click();
  await heading(gina, 'Single sign-on');
  await status(gina, 'Not configured');
  assert.equal(await gina.getByLabel('Client ID').isVisible(), false, 'the toggle opens the form');
  await look(gina, 'settings-not-configured');
  await gina.getByRole('switch', { name: 'Use Okta for single sign-on' }).check();
  await press(gina, 'Save');
  await says(gina, 'Saved as a draft. Nothing changes for your people yet.');
  await status(gina, 'Not complete');
  await look(gina, 'settings-not-complete');
  await gina.goto(`${product.url}/settings/sso/test`);
  await says(gina, 'The values from Okta must be saved first.');
  await look(gina, 'test-not-complete');

  // In Okta, part 1: who may use the application, the values, and the address that Ledgerline shows.
  const console = await person();
  await okta.assign(console, product.okta, 'Ledgerline (Globex)', 'Gina Gray', 'Hal Holm');
  const copied = await okta.readApplication(console, product.okta, 'Ledgerline (Globex)');
  await settings(gina, product);
  assert.equal(await gina.getByLabel('Sign-in redirect URI').inputValue(), copied.redirectUri);
  assert.equal(await gina.getByLabel('Sign-out redirect URI').inputValue(), copied.signedOutUri);

  // In Ledgerline, part 2: a slip first, as people make them.
  await gina.getByLabel('Client ID').fill(copied.clientId);
  await gina.getByLabel('Client secret').fill(copied.clientSecret);
  await gina.getByLabel('Okta client issuer').fill('https://globex-admin.okta.com');
  await press(gina, 'Save');
  await says(gina, 'Nothing was put into use.');
  assert.equal(await gina.getByLabel('Okta client issuer').getAttribute('aria-invalid'), 'true');
  assert.equal(await gina.getByLabel('Client ID').getAttribute('aria-invalid'), null);
  assert.equal(await gina.getByLabel('Okta client issuer').inputValue(), 'https://globex-admin.okta.com');
  assert.equal(await gina.getByLabel('Client secret').inputValue(), '', 'a secret is never shown');
  await look(gina, 'settings-wrong-issuer');
  await gina.getByLabel('Okta client issuer').fill(`"${copied.issuer}/"`);
  await press(gina, 'Save and test connection');
  await says(gina, 'The connection was tested.');
  assert.equal(await gina.getByLabel('Okta client issuer').inputValue(), copied.issuer, 'what was pasted is corrected');
  assert.notEqual(await gina.locator('.correction').count(), 0, 'and that is said');
  assert.equal(await gina.locator('.checks .bad').count(), 0);
  await gina.locator('#secret-set').waitFor();
  await look(gina, 'settings-connection-tested');
  await gina.goto(`${product.url}/settings/sso/test`);
  await says(gina, 'You have not asked for an SSO domain yet.');
  await look(gina, 'test-no-domain');

  // Final steps: the domain, which the operator confirms.
  await settings(gina, product);
  await gina.getByLabel('Ask for a domain').fill('gmail.com');
  await press(gina, 'Ask for it');
  assert.equal(await gina.getByLabel('Ask for a domain').getAttribute('aria-invalid'), 'true', 'a public domain');
  await look(gina, 'settings-public-domain');
  await gina.getByLabel('Ask for a domain').fill('globex.example');
  await press(gina, 'Ask for it');
  await says(gina, 'We have your request.');
  await status(gina, 'Waiting for the domain');
  await look(gina, 'settings-waiting');
  const olga = await person();
  await signInAsOperator(olga, product);
  await olga.getByRole('heading', { name: 'globex.example' }).waitFor();
  await look(olga, 'operator-domains');
  await press(olga, 'Approve globex.example for Globex');
  await says(olga, 'Approved. It counts for exactly the issuer and client ID that were shown.');
  await settings(gina, product);
  await status(gina, 'Waiting for a test sign-in');
  await says(gina, 'Confirmed on');
  await look(gina, 'settings-confirmed');

  // Confirmed is not active: passwords still work until a test has passed.
  const hal = await person();
  await signInWithPassword(hal, product, passwords.hal);
  await heading(hal, 'Hello, Hal');
  await press(gina, 'Save and test sign-in');
  await says(gina, 'passwords stop working at Globex');
  await look(gina, 'test-before');
  await gina.getByRole('link', { name: 'Continue to Okta' }).click();
  await okta.signIn(gina, people.gina);
  await says(gina, 'Single sign-on is active at Globex with these settings.');
  const checked = await gina.locator('.checks .badge').allInnerTexts();
  assert.ok(checked.length > 4 && checked.every((words) => words === 'Passed'), `${checked}`);
  for (const check of ['Client credentials', 'ID token', 'SSO domain', 'You']) {
    await gina.locator('.checks li', { has: gina.locator(`strong:text-is("${check}")`) }).getByText('Passed').waitFor();
  }
  await look(gina, 'test-passed');
  assert.equal((await me(gina, product)).method, 'password', 'a test opens no session');
  await settings(gina, product);
  await status(gina, 'Active');
  await look(gina, 'settings-active');
  const late = await person();
  await signInWithPassword(late, product, passwords.hal);
  await says(late, 'Your company signs in with Okta. Sign in with Okta instead.');
  assert.equal(await me(late, product), 401);
  await late.getByRole('link', { name: 'Okta', exact: true }).click();
  await okta.signIn(late, people.hal);
  await heading(late, 'Hello, Hal');
  assert.equal((await me(late, product)).method, 'okta');
  return gina;
}

// Eve is in Okta's directory. She is refused, invited with a slip, and comes in once the slip is mended.
export async function invite({ person, product, look }) {
  const eve = await person();
  await pressOkta(eve, product, 'acme');
  await okta.signIn(eve, people.eve);
  const reference = await refused(eve, 'that sign-in does not open an account here', 'ask your administrator to invite you');
  assert.equal(await me(eve, product), 401);
  await look(eve, 'refused');

  // The administrator finds the reason under the reference.
  const anna = await person();
  await pressOkta(anna, product, 'acme');
  await okta.signIn(anna, people.anna);
  await heading(anna, 'Hello, Anna');
  await anna.getByRole('link', { name: 'Sign-in history' }).first().click();
  await anna.getByLabel('Reference, e-mail or issuer').fill(reference);
  await press(anna, 'Show');
  assert.equal(await anna.locator('tbody tr').count(), 1);
  const row = await anna.locator('tbody tr').innerText();
  assert.ok(row.includes('eve@acme.example') && row.includes(reference) && row.includes('Refused'), row);
  await look(anna, 'history-found');

  await anna.getByRole('link', { name: 'People' }).first().click();
  await heading(anna, 'People');
  await anna.getByLabel('Name').fill('Eve Ekman');
  await anna.getByLabel('E-mail').fill('Eve@acme.example');
  await press(anna, 'Invite');
  await says(anna, 'Invited. Tell the person to sign in');
  await pressOkta(eve, product, 'acme');
  await refused(eve, 'that sign-in does not open an account here', 'ask your administrator to invite you');
  await anna.goto(`${product.url}/people`);
  await anna.getByRole('heading', { name: 'Eve Ekman was almost let in' }).waitFor();
  await look(anna, 'people-near-miss');
  await press(anna, 'Use the address from Okta');
  await says(anna, 'The address is corrected and the invitation is open.');

  // Then her address gets a space at Okta, where it has to be mended.
  await okta.setSwitches(product.okta, 'trailing-space');
  await pressOkta(eve, product, 'acme');
  await refused(eve, 'that sign-in does not open an account here', 'ask your administrator to invite you');
  await anna.goto(`${product.url}/people`);
  await anna.getByText('“eve@acme.example ”, with U+0020 (a space)').waitFor();
  assert.equal(await anna.getByRole('button', { name: 'Use the address from Okta' }).count(), 0);
  await look(anna, 'people-near-miss-in-okta');
  await okta.setSwitches(product.okta);
  await pressOkta(eve, product, 'acme');
  await heading(eve, 'Hello, Eve');
  await look(eve, 'home');
  await eve.goto(`${product.url}/people`);
  await heading(eve, 'For administrators');
  await look(eve, 'for-administrators');

  // Let go: her session ends with it.
  await anna.goto(`${product.url}/people`);
  const entry = anna.getByRole('listitem').filter({ hasText: 'eve@acme.example' });
  await entry.locator('summary').click();
  await look(anna, 'people');
  await entry.getByRole('link', { name: 'Remove for good' }).click();
  await heading(anna, 'Remove Eve Ekman for good?');
  await look(anna, 'people-remove');
  await anna.getByRole('link', { name: 'Keep the account' }).click();
  await entry.locator('summary').click();
  await entry.getByRole('button', { name: 'Deactivate' }).click();
  await says(anna, 'Deactivated. Their sessions have ended.');
  assert.equal(await me(eve, product), 401);
  await pressOkta(eve, product, 'acme');
  await refused(eve, 'that sign-in does not open an account here', 'ask your administrator to invite you');
  return anna;
}

// Two secrets are good at once while the new one is brought to Ledgerline, which keeps both until the old one ends: also
// when the wrong one is deactivated first.
export async function replaceSecret({ person, product, look }) {
  const console = await person();
  const before = await okta.readApplication(console, product.okta, 'Ledgerline');
  await press(console, 'Generate new secret');
  const secrets = await okta.secrets(console);
  assert.equal(secrets.length, 2);
  await look(console, 'okta-two-secrets');
  const anna = await person();
  await pressOkta(anna, product, 'acme');
  await okta.signIn(anna, people.anna);
  await settings(anna, product);
  await anna.getByLabel('Client secret').fill(secrets.find((secret) => secret !== before.clientSecret));
  await press(anna, 'Save and test sign-in');
  await heading(anna, 'Test sign-in');
  await settings(anna, product);
  await says(anna, 'There are changes that are not in use yet.');
  await look(anna, 'settings-changes');
  await anna.goto(`${product.url}/settings/sso/test`);
  await anna.getByRole('link', { name: 'Continue to Okta' }).click();
  await says(anna, 'Single sign-on is active at Acme with these settings.');
  await settings(anna, product);
  await says(anna, 'Client secrets in use');
  await look(anna, 'settings-two-secrets');
  await picture(anna.getByRole('region', { name: 'Client secrets in use' }), 'two-secrets-light-desk', {});
  const old = console.locator('dd', { hasText: before.clientSecret });
  const fresh = console.locator('dd', { hasText: secrets.find((secret) => secret !== before.clientSecret) });
  await fresh.getByRole('button', { name: 'Deactivate' }).click();
  await signsIn(person, product, people.bo, 'Hello, Bo');
  await anna.goto(`${product.url}/history`);
  await says(anna, 'Okta refused one client secret and took the other, which is used first from now on.');
  await fresh.getByRole('button', { name: 'Activate', exact: true }).click();
  await old.getByRole('button', { name: 'Deactivate' }).click();
  await old.getByRole('button', { name: 'Delete' }).click();
  assert.equal((await okta.secrets(console)).length, 1);
  await signsIn(person, product, people.bo, 'Hello, Bo');
  await settings(anna, product);
  await press(anna, 'Remove the second');
  await says(anna, 'The client secret is removed.');
  await signsIn(person, product, people.bo, 'Hello, Bo');
}

// No secret is shared any more: Ledgerline makes a key, Okta fetches its public half, and another key takes its place while
// people sign in. Then the secret again.
export async function proveByKey({ person, product, look }) {
  const anna = await person();
  await pressOkta(anna, product, 'acme');
  await okta.signIn(anna, people.anna);
  const choose = async (method) => {
    await settings(anna, product);
    await anna.getByLabel('Client authentication').selectOption(method);
    assert.equal(await anna.getByLabel('Client secret').isVisible(), method === 'client-secret');
    await press(anna, 'Save');
    await says(anna, 'Saved as a draft.');
  };
  const passesTest = async () => {
    await anna.goto(`${product.url}/settings/sso/test`);
    await anna.getByRole('link', { name: 'Continue to Okta' }).click();
    await says(anna, 'Single sign-on is active at Acme with these settings.');
    await signsIn(person, product, people.bo, 'Hello, Bo');
  };
  const served = async (address) => {
    const answer = await anna.context().request.get(address);
    return (await answer.json()).keys.map(({ kid }) => kid);
  };
  await choose('private-key');
  await says(anna, 'Waits for a test sign-in');
  await look(anna, 'settings-key');
  const address = await anna.getByLabel('Address of the public keys').inputValue();
  const [first] = await served(address);
  const console = await person();
  await okta.fetchKeysAt(console, product.okta, 'Ledgerline', address);
  await look(console, 'okta-public-key');
  await passesTest();

  await settings(anna, product);
  await press(anna, 'Make another key');
  await says(anna, 'The new key is made');
  const both = await served(address);
  assert.equal(both.length, 2);
  await anna.getByText('The key itself, to paste').first().click();
  await look(anna, 'settings-two-keys');
  await picture(anna.getByRole('region', { name: 'Public keys' }), 'two-keys-light-desk', {});
  await signsIn(person, product, people.bo, 'Hello, Bo');
  await passesTest();
  await settings(anna, product);
  await press(anna, `Remove the key ${first}`);
  await says(anna, 'The key is removed.');
  assert.deepEqual(await served(address), both.filter((kid) => kid !== first));
  await signsIn(person, product, people.bo, 'Hello, Bo');

  await okta.useSecret(console, product.okta, 'Ledgerline');
  await choose('client-secret');
  await passesTest();
}

async function signsIn(person, product, who, greeting) {
  const page = await person();
  await pressOkta(page, product, 'acme');
  await okta.signIn(page, who);
  await heading(page, greeting);
}

// Off, tried again while it is off, and on: the last step is asked once more.
export async function offAndOn({ person, product, look }) {
  const gina = await person();
  await pressOkta(gina, product, 'globex');
  await okta.signIn(gina, people.gina);
  await heading(gina, 'Hello, Gina');
  const toggle = gina.getByRole('switch', { name: 'Use Okta for single sign-on' });
  await settings(gina, product);
  await toggle.uncheck();
  await press(gina, 'Save');
  await heading(gina, 'Switch single sign-on off?');
  await says(gina, 'You are one of them:');
  await look(gina, 'settings-off-locks-out');
  await press(gina, 'Switch it off');
  await says(gina, 'Single sign-on is off. Your people sign in with passwords.');
  await look(gina, 'settings-switched-off');
  await gina.goto(`${product.url}/settings/sso/test`);
  await gina.getByRole('link', { name: 'Continue to Okta' }).click();
  await says(gina, 'Nothing changes until you save them with single sign-on switched on.');
  await look(gina, 'test-switched-off');
  const tested = gina.url();
  const switchOn = async (how) => {
    await settings(gina, product);
    await toggle.check();
    await compare(gina, how);
    await press(gina, 'Save');
  };
  // A test counts for the very settings that were tested, and for no others.
  await switchOn('Ignoring capital letters');
  await status(gina, 'Waiting for a test sign-in');
  await gina.goto(tested);
  await says(gina, 'They are not in use now.');
  await look(gina, 'test-not-in-use');
  await switchOn('Exactly, letter by letter');
  await heading(gina, 'Use these settings now?');
  await says(gina, 'passwords stop working at Globex');
  await look(gina, 'settings-on');
  await gina.getByRole('link', { name: 'Not now' }).click();
  await status(gina, 'Not configured');
  await toggle.check();
  await press(gina, 'Save');
  await press(gina, 'Use them now');
  await says(gina, 'Single sign-on is active. Your people sign in with Okta from now on.');
}

// Okta refuses the product, and passwords are refused: the operator's code is the way back in.
export async function comeBack({ person, product, look }) {
  const console = await person();
  await okta.misbehave(console, product.okta, 'token-invalid-client');
  const anna = await person();
  await pressOkta(anna, product, 'acme');
  await okta.signIn(anna, people.anna);
  await refused(
    anna,
    'Sign-in with Okta is not set up correctly for your company.',
    'Ask your administrator to look at this, and give the reference on this page.',
  );
  await anna.getByRole('link', { name: 'Use a recovery code' }).click();
  await heading(anna, 'Come in with a recovery code');
  await look(anna, 'recover');

  const olga = await person();
  await signInAsOperator(olga, product);
  await olga.getByRole('link', { name: 'Companies' }).click();
  await heading(olga, 'Companies');
  await look(olga, 'operator-companies');
  await olga.getByRole('link', { name: 'Acme' }).click();
  await olga.getByLabel('Administrator').selectOption('anna@acme.example');
  await olga.getByLabel('How you know who asks').fill('Called back on the number of the contract');
  await press(olga, 'Give a code');
  await says(olga, 'It works once, within one hour, and is not shown again.');
  await look(olga, 'operator-recovery-code');
  const code = await olga.getByLabel('Code', { exact: true }).inputValue();
  assert.ok(code.length > 40, code);
  await olga.goto(`${product.url}/operator/tenants/acme`);
  assert.equal(await olga.getByLabel('Code', { exact: true }).count(), 0);

  await anna.getByLabel('Recovery code').fill('no code');
  await press(anna, 'Continue');
  await says(anna, 'This code does not work: it is mistyped, used or expired.');
  await look(anna, 'recover-wrong');
  await anna.getByLabel('Recovery code').fill(code);
  await press(anna, 'Continue');
  await heading(anna, 'Single sign-on');
  await anna.getByRole('switch', { name: 'Use Okta for single sign-on' }).uncheck();
  await press(anna, 'Save');
  await heading(anna, 'Switch single sign-on off?');
  await look(anna, 'settings-off');
  await press(anna, 'Switch it off');
  await says(anna, 'Single sign-on is off. Your people sign in with passwords.');
  const other = await person();
  await other.goto(`${product.url}/recover`);
  await other.getByLabel('Recovery code').fill(code);
  await press(other, 'Continue');
  await says(other, 'This code does not work');
  assert.equal(await me(other, product), 401);

  await anna.goto(`${product.url}/history`);
  await says(anna, 'Called back on the number of the contract');
  await look(anna, 'history');
  await okta.misbehave(console, product.okta);
}

