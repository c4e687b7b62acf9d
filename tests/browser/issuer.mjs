// What can be wrong about an issuer, and what to do when it changes for good. `look(page, name)` is called at each page that
// is worth a look.

import assert from 'node:assert/strict';
import { compare, heading, me, press, pressOkta, refused, says, settings, signInAsOperator } from './ledgerline.mjs';
import * as okta from './okta.mjs';
import { people } from './product.mjs';

// The first line of a check list that failed, with its outcome and, of what was compared, both sides.
async function fails(page, check, ...sides) {
  await says(page, `Look at the first line that failed: ${check}.`);
  const line = page.locator('.checks li', { has: page.locator(`strong:text-is("${check}")`) });
  await line.getByText('Failed', { exact: true }).waitFor();
  const words = await line.innerText();
  for (const side of sides) assert.ok(words.includes(side), `${side}\nis not in\n${words}`);
}

// Gina pastes what customers paste, while Globex goes on with the settings in use.
export async function paste({ person, product, look }) {
  const console = await person();
  const name = 'Ledgerline (Globex)';
  const { clientSecret, issuer } = await okta.readApplication(console, product.okta, name);
  const gina = await person();
  await pressOkta(gina, product, 'globex');
  await okta.signIn(gina, people.gina);
  const save = async (pasted, then) => {
    await settings(gina, product);
    await gina.getByLabel('Okta client issuer').fill(pasted);
    await gina.getByLabel('Client secret', { exact: true }).fill(clientSecret);
    await press(gina, then);
  };
  const testConnection = async (pasted) => {
    await save(pasted, 'Save and test connection');
    await says(gina, 'The connection was tested.');
  };
  const testSignIn = async () => {
    await gina.goto(`${product.url}/settings/sso/test`);
    await gina.getByRole('link', { name: 'Continue to Okta' }).click();
  };

  // An authorization server that is not there.
  await testConnection(`${issuer}/oauth2/aus9o8wzkhckw9TLa0h7z`);
  await fails(gina, 'Metadata', 'it still exists and is active');
  await look(gina, 'settings-no-such-server');

  // One that is there, and calls itself by the custom domain.
  const server = `${issuer}/oauth2/default`;
  await okta.changeServer(console, product.okta, 'CUSTOM_URL', true);
  await look(console, 'okta-api');
  await testConnection(`${server}/.well-known/openid-configuration`);
  await fails(gina, 'Issuer', server, `${product.custom}/oauth2/default`, 'With a custom domain');
  await look(gina, 'settings-issuer-differs');

  // One that calls itself as it was pasted, and has no policy.
  await okta.changeServer(console, product.okta, 'ORG_URL', false);
  await testConnection(server);
  assert.equal(await gina.locator('.checks .bad').count(), 0);
  await testSignIn();
  await fails(gina, 'Okta’s answer', 'the access policy of a custom authorization server');
  await look(gina, 'test-no-policy');

  // The organisation's own address, and an application whose ID tokens name the custom domain.
  await okta.chooseIssuer(console, product.okta, name, 'CUSTOM_URL');
  await look(console, 'okta-custom-url');
  await testConnection(issuer);
  assert.equal(await gina.locator('.checks .bad').count(), 0, 'the address answers for itself');
  await testSignIn();
  await fails(gina, 'ID token', issuer, product.custom, 'check which issuer the app uses');
  await look(gina, 'test-other-issuer');

  await okta.chooseIssuer(console, product.okta, name, 'ORG_URL');
  await settings(gina, product);
  await gina.getByRole('link', { name: 'Discard the changes' }).click();
  await press(gina, 'Discard them');
  await says(gina, 'The draft is gone.');
}

// Acme's Okta is given a custom domain for good: nobody comes in until Acme uses the new issuer and its people's ties are moved.
export async function changeForGood({ person, product, look }) {
  const bo = await person();
  await pressOkta(bo, product, 'acme');
  await okta.signIn(bo, people.bo);
  await heading(bo, 'Hello, Bo');
  const anna = await person();
  await pressOkta(anna, product, 'acme');
  await okta.signIn(anna, people.anna);
  await heading(anna, 'Hello, Anna');

  const console = await person();
  const before = await okta.readApplication(console, product.okta, 'Ledgerline');
  await okta.chooseIssuer(console, product.okta, 'Ledgerline', 'CUSTOM_URL');
  // In another browser: this one keeps the metadata for a day, as it is told to.
  const { issuer } = await okta.readApplication(await person(), product.okta, 'Ledgerline');
  assert.equal(issuer, product.custom, 'what the guide tells to copy');
  const late = await person();
  await pressOkta(late, product, 'acme');
  await okta.signIn(late, people.bo);
  const reference = await refused(late, 'Your sign-in could not be completed.', 'Go back to the sign-in page and try again.');
  await anna.goto(`${product.url}/history?search=${reference}`);
  const row = await anna.locator('tbody tr').innerText();
  for (const words of [before.issuer, issuer, 'a custom domain was added']) assert.ok(row.includes(words), row);
  await look(anna, 'history-other-issuer');

  // A secret is never sent to another issuer than it was saved for.
  await settings(anna, product);
  await anna.getByLabel('Okta client issuer').fill(issuer);
  await press(anna, 'Save');
  await says(anna, 'Saved as a draft.');
  await look(anna, 'settings-secret-again');
  await anna.getByLabel('Client secret', { exact: true }).fill(before.clientSecret);
  await press(anna, 'Save and test connection');
  await says(anna, 'The connection was tested.');
  assert.equal(await anna.locator('.checks .bad').count(), 0);
  await says(anna, 'To be confirmed again');
  await look(anna, 'settings-issuer-changed');
  await anna.goto(`${product.url}/settings/sso/test`);
  await says(anna, 'Ask our support to move them first.');
  await look(anna, 'test-tied-elsewhere');
  await anna.getByRole('link', { name: 'Continue to Okta' }).click();
  await okta.signIn(anna, people.anna);
  await fails(anna, 'You', before.issuer, issuer, 'Your account is tied to another issuer');
  await look(anna, 'test-tied');

  // The operator moves the ties: there, back, and there again.
  const olga = await person();
  await signInAsOperator(olga, product);
  await olga.goto(`${product.url}/operator/tenants/acme`);
  await look(olga, 'operator-before-move');
  await press(olga, `Move to ${issuer}`);
  await says(olga, 'The links are moved.');
  await look(olga, 'operator-moved');
  await press(olga, 'Undo');
  await says(olga, 'The move is undone.');
  await look(olga, 'operator-undone');
  await press(olga, `Move to ${issuer}`);
  await says(olga, 'The links are moved.');

  // The test passes, and the domain is confirmed while a test of something else is still wanted; so the question is the last
  // thing. Sessions of before end with the change.
  await anna.goto(`${product.url}/settings/sso/test`);
  await anna.getByRole('link', { name: 'Continue to Okta' }).click();
  await says(anna, 'as soon as we have confirmed your SSO domain for them');
  await look(anna, 'test-awaiting-domain');
  const save = async (how) => {
    await settings(anna, product);
    await compare(anna, how);
    await press(anna, 'Save');
  };
  await save('Ignoring capital letters');
  await says(anna, 'Saved as a draft.');
  await olga.goto(`${product.url}/operator`);
  await press(olga, 'Approve acme.example for Acme');
  await says(olga, 'Approved.');
  await save('Exactly, letter by letter');
  await heading(anna, 'Use these settings now?');
  await says(anna, 'They take the place of those in use at once.');
  await look(anna, 'settings-on-beside');
  await press(anna, 'Use them now');
  await heading(anna, 'Sign in');
  assert.equal(await me(anna, product), 401);
  assert.equal(await me(bo, product), 401);
  await anna.getByRole('link', { name: 'Okta', exact: true }).click();
  await says(anna, 'Single sign-on is active. Your people sign in with Okta from now on.');
  await pressOkta(bo, product, 'acme');
  assert.ok(bo.url().startsWith(issuer), bo.url());
  await okta.signIn(bo, people.bo);
  await heading(bo, 'Hello, Bo');
  await anna.goto(`${product.url}/history?kind=changed`);
  await says(anna, 'ties from one issuer to another.');
}
