// Every page in each of its states: nothing serious for those who need a reader, contrast or a keyboard, and nothing
// wider than the window; light and dark, on a phone and on a desk. The walk through the guide comes by most of them.

import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import * as guide from './guide.mjs';
import { picture } from './chromium.mjs';
import { inspect } from './inspect.mjs';
import * as issuer from './issuer.mjs';
import { compare, heading, me, press, pressOkta, refused, says, signInAsOperator, signInWithPassword } from './ledgerline.mjs';
import * as okta from './okta.mjs';
import { passwords, people } from './product.mjs';
import { matches, routes } from './routes.mjs';
import { stage } from './stage.mjs';

// What answers with no page: data, style, pictures, and where the browser is sent on.
const NO_PAGES = {
  ledgerline: [
    ...['/me', '/healthz', '/readyz', '/history.csv', '/settings', '/settings/sso/test/start'],
    '/sso/keys/{connection}',
    ...['/assets/style.css', '/assets/ledgerline.js', '/assets/icon.svg', '/favicon.ico'],
  ],
  okta: [
    ...['/', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
    ...['/oauth2/v1/keys', '/oauth2/v1/userinfo', '/style.css'],
    ...['/oauth2/{server}/.well-known/openid-configuration', '/.well-known/oauth-authorization-server/oauth2/{server}'],
    ...['/oauth2/{server}/v1/keys', '/oauth2/{server}/v1/userinfo'],
  ],
};

const scene = stage();
const seen = { ledgerline: new Set(), okta: new Set() };

// A scene that looks at pages, and tells of all that is wrong with them at its end.
const pages = (name, play) =>
  scene(name, async ({ person, product }) => {
    const found = [];
    const look = async (page, called) => {
      const { origin, pathname } = new URL(page.url());
      seen[origin === product.okta ? 'okta' : 'ledgerline'].add(pathname);
      found.push(...(await inspect(page, called)));
    };
    await play({ person, product, look });
    assert.deepEqual(found, []);
  });

pages('before anybody is signed in', async ({ person, product, look }) => {
  const page = await person();
  const at = (path) => page.goto(`${product.url}${path}`);
  await at('/login');
  await look(page, 'login');
  await signInWithPassword(page, product, { login: 'nobody@globex.example', password: 'wrong' });
  await says(page, 'E-mail or password is not right.');
  await look(page, 'login-wrong-password');
  await signInWithPassword(page, product, people.anna);
  await says(page, 'Sign in with Okta instead.');
  await look(page, 'login-okta-instead');
  await at('/login?tenant=acme');
  await heading(page, 'Sign in to Acme');
  await look(page, 'login-company');
  await at('/login/okta');
  await look(page, 'login-which-company');
  await page.getByLabel('Work e-mail').fill('somebody@nowhere.example');
  await press(page, 'Continue');
  await says(page, 'No company signs in with Okta under this e-mail’s domain.');
  await look(page, 'login-no-company');
  await signInWithPassword(page, product, passwords.ida);
  await heading(page, 'Which company?');
  await look(page, 'login-two-companies');
  await page.getByRole('link', { name: 'Initech' }).click();
  await page.getByLabel('Password').fill(passwords.ida.password);
  await press(page, 'Sign in');
  await heading(page, 'Hello, Ida');
  assert.equal((await me(page, product)).tenant, 'initech');
  await press(page, 'Sign out');
  await heading(page, 'Signed out');
  await at('/signed-out');
  await look(page, 'signed-out');
  await at('/logout/okta');
  await heading(page, 'Still signed in at Okta');
  await look(page, 'still-signed-in-at-okta');
  await at('/recover');
  await look(page, 'recover');
  await at('/nowhere');
  await heading(page, 'There is no such page');
  await look(page, 'no-such-page');
  await at('/settings/sso/on');
  await heading(page, 'This page cannot be used that way');
  await look(page, 'no-such-method');
  await at('/login');
  await page.context().clearCookies();
  await page.getByLabel('Work e-mail').fill('somebody@globex.example');
  await page.getByLabel('Password').fill('x');
  await press(page, 'Sign in');
  await heading(page, 'This form has expired');
  await look(page, 'form-expired');
  await page.goto(`${product.okta}/oauth2/v1/keys`);
  await page.evaluate((action) => {
    const form = Object.assign(document.createElement('form'), { action, method: 'post' });
    document.body.append(form);
    form.submit();
  }, `${product.url}/login`);
  await heading(page, 'This form came from another site');
  await look(page, 'form-from-elsewhere');
  await at('/sso/okta/start?tenant=nobody');
  await refused(page, 'This company does not sign in with Okta here', 'Go back to the sign-in page');
  await look(page, 'refused-no-connection');
  await at('/sso/okta/callback?code=a&state=b');
  await refused(page, 'Your sign-in could not be completed.', 'Go back to the sign-in page and try again.');
  await look(page, 'refused-callback');
  await at('/operator');
  await look(page, 'operator-login');
  await page.getByLabel('Name').fill('olga');
  await page.getByLabel('Password').fill('wrong');
  await press(page, 'Sign in');
  await says(page, 'Name or password is not right.');
  await look(page, 'operator-login-wrong');
});

pages('with nothing there yet', async ({ person, product, look }) => {
  const olga = await person();
  await signInAsOperator(olga, product);
  await says(olga, 'Nothing waits');
  await look(olga, 'operator-nothing-waits');
  await olga.goto(`${product.url}/operator/events?kind=changed`);
  await says(olga, 'Nothing of this kind has happened yet');
  await look(olga, 'operator-events-none');
  await olga.goto(`${product.url}/operator/tenants/globex`);
  await says(olga, 'The company holds no domain.');
  await look(olga, 'operator-company-empty');
  const gina = await person();
  await signInWithPassword(gina, product, passwords.gina);
  await gina.goto(`${product.url}/people`);
  await look(gina, 'people-passwords');
  await gina.goto(`${product.url}/history`);
  await look(gina, 'history-without-okta');
  await gina.goto(`${product.url}/history?search=nothing-like-it`);
  await says(gina, 'Nothing matches');
  await look(gina, 'history-nothing-found');
  await gina.goto(`${product.url}/login`);
  await says(gina, 'In this browser you are signed in as gina@globex.example.');
  await look(gina, 'login-signed-in');
  await gina.goto(`${product.url}/signed-out`);
  await says(gina, 'You are signed in to Ledgerline in this browser.');
  await look(gina, 'signed-out-of-nothing');
});

pages('the guide: from passwords to Okta', async (scene) => {
  const gina = await guide.setUp(scene);
  const { look, product } = scene;
  await gina.goto(`${product.url}/people`);
  await gina.getByLabel('Name').fill('Hal again');
  await gina.getByLabel('E-mail').fill('hal@globex.example');
  await press(gina, 'Invite');
  await says(gina, 'Somebody here has this e-mail address already.');
  await look(gina, 'people-problem');
  await askForDomains(scene, gina);
});

// Domains that the operator should look at twice, a refusal, and a suspension.
async function askForDomains({ person, product, look }, gina) {
  for (const domain of ['acme.example', 'acrne.example', 'mail.acme.example', 'xn--acm-hoa.example']) {
    await gina.goto(`${product.url}/settings/sso`);
    await gina.getByLabel('Ask for a domain').fill(domain);
    await press(gina, 'Ask for it');
    await says(gina, 'We have your request.');
  }
  const olga = await person();
  await signInAsOperator(olga, product);
  for (const warning of ['Another company holds this domain.', 'Looks like acme.example', 'Lies above or below acme.example', 'Written with letters beyond ASCII']) {
    await says(olga, warning);
  }
  for (const closed of await olga.locator('details > summary').all()) await closed.click();
  await look(olga, 'operator-warnings');
  assert.equal(await olga.getByRole('button', { name: 'Approve acme.example for Globex' }).count(), 0);
  const asked = olga.getByRole('article').filter({ hasText: 'acrne.example' });
  await asked.getByLabel('Reason, for the company’s administrators').fill(' ');
  await asked.getByRole('button', { name: 'Refuse' }).click();
  await says(olga, 'Say why: the company’s administrators read it. Nothing was changed.');
  await look(olga, 'operator-problem');
  await olga.goto(`${product.url}/operator/tenants/globex`);
  await olga.getByLabel('Approve a domain for these settings').fill('acme.example');
  await press(olga, 'Approve');
  await says(olga, 'Another company holds this domain. Release it there first');
  await look(olga, 'operator-company-problem');
  await olga.goto(`${product.url}/operator`);
  await asked.locator('summary').click();
  await asked.getByLabel('Reason, for the company’s administrators').fill('Not yours.');
  await asked.getByRole('button', { name: 'Refuse' }).click();
  await says(olga, 'Refused. The company’s administrators see the reason.');
  const held = olga.getByRole('listitem').filter({ hasText: 'globex.example' });
  await held.locator('summary').click();
  await held.getByRole('button', { name: 'Suspend' }).click();
  await says(olga, 'Suspended. Sessions that began with Okta have ended.');
  await held.locator('summary').click();
  await look(olga, 'operator-suspended');
  await held.getByRole('link', { name: 'Release …' }).click();
  await says(olga, 'Release globex.example?');
  await look(olga, 'operator-release');
  await olga.getByRole('link', { name: 'Keep it' }).click();
  await held.locator('summary').click();
  await gina.goto(`${product.url}/settings/sso`);
  await says(gina, 'Not yours.');
  await says(gina, 'Nobody can sign in, neither with Okta nor with a password');
  await look(gina, 'settings-suspended');
  const hal = await person();
  await signInWithPassword(hal, product, passwords.hal);
  await says(hal, 'nobody can sign in at the moment');
  await look(hal, 'login-suspended');
  await held.getByRole('button', { name: 'Approve again' }).click();
  await says(olga, 'Approved.');
}

pages('the guide: refused, invited, let go', async (scene) => {
  const { look, product } = scene;
  const anna = await guide.invite(scene);
  await anna.goto(`${product.url}/`);
  await look(anna, 'home-of-an-administrator');
  await anna.goto(`${product.url}/people`);
  await anna.getByLabel('Name').fill('Pia Partner');
  await anna.getByLabel('E-mail').fill('pia@partner.example');
  await press(anna, 'Invite');
  await says(anna, 'Invited, but kept out: the address is on none of your SSO domains.');
  for (const why of ['Deactivated', 'Invitation expired', 'Other domain']) await says(anna, why);
  await look(anna, 'people-kept-out');
  await anna.goto(`${product.url}/history`);
  await press(anna, 'Ask Okta now');
  await says(anna, 'All well');
  await look(anna, 'history-with-okta');

  // A test sign-in that stops half way, and one as somebody else.
  await anna.goto(`${product.url}/settings/sso`);
  await compare(anna, 'Ignoring capital letters');
  await press(anna, 'Save and test sign-in');
  await heading(anna, 'Test sign-in');
  const before = await attempts(anna, product);
  await anna.goto(`${product.url}/settings/sso/test?prompt=login`);
  await says(anna, 'Okta asks who you are, even if it knows somebody in this browser already.');
  await look(anna, 'test-as-somebody-else');
  await anna.getByRole('link', { name: 'Continue to Okta' }).click();
  await anna.getByLabel('Username').waitFor();
  const [attempt] = (await attempts(anna, product)).filter((one) => !before.includes(one));
  const back = await anna.context().newPage();
  await back.goto(`${product.url}/settings/sso/test/${attempt}`);
  await says(back, 'Okta has not sent you back yet.');
  await look(back, 'test-unfinished');
  await okta.signIn(anna, people.bo);
  await says(anna, 'The settings do not work yet.');
  await anna.getByRole('status').getByRole('link', { name: 'You' }).click();
  assert.equal(new URL(anna.url()).hash, `#${await anna.locator('.checks li', { hasText: 'Failed' }).getAttribute('id')}`);
  await look(anna, 'test-failed');
  await anna.getByRole('link', { name: 'Test again as somebody else' }).click();
  await heading(anna, 'Test sign-in');
  await anna.goto(`${product.url}/settings/sso`);
  await anna.getByRole('link', { name: 'Discard the changes' }).click();
  await look(anna, 'settings-discard');
  await press(anna, 'Discard them');
  await says(anna, 'The draft is gone.');
});

// The handles of the sign-ins that this browser has begun and not finished.
async function attempts(page, product) {
  const cookies = await page.context().cookies(product.url);
  return cookies.map(({ name }) => /^__Host-sso-(.+)$/.exec(name)?.[1]).filter(Boolean);
}

pages('failed sign-ins are recorded', async ({ person, product, look }) => {
  const anna = await person();
  await pressOkta(anna, product, 'acme');
  await okta.signIn(anna, people.anna);
  await heading(anna, 'Hello, Anna');
  const section = anna.getByRole('region', { name: 'Recordings of failed sign-ins' });
  const settings = () => anna.goto(`${product.url}/settings/sso`);
  await settings();
  await section.getByText('Off', { exact: true }).waitFor();
  await look(anna, 'settings-recordings-off');
  await press(anna, 'Record failed sign-ins');
  await section.getByText('Nothing is kept at the moment.').waitFor();
  await look(anna, 'settings-recordings-on');

  await okta.setSwitches(product.okta, 'wrong-nonce');
  const bo = await person();
  await pressOkta(bo, product, 'acme');
  await okta.signIn(bo, people.bo);
  const reference = await refused(bo, 'Your sign-in could not be completed.', 'try again');
  await okta.setSwitches(product.okta);
  // It is written beside the answer that Bo has got.
  const kept = section.getByText('1 recording is kept');
  for (let tries = 0; tries < 50 && (await kept.count()) === 0; tries += 1) await settings();
  await kept.waitFor();
  await look(anna, 'settings-recordings-kept');
  await picture(section, 'recordings-light-desk', {});
  await anna.goto(`${product.url}/history?search=${reference}`);
  await says(anna, 'A recording of it is kept under this reference until');
  await look(anna, 'history-recorded');

  // What could not be deleted is not said to be: the folder is out of reach.
  await settings();
  renameSync(product.recordings, `${product.recordings}.elsewhere`);
  await press(anna, 'Stop, and delete what is kept');
  await heading(anna, 'Something went wrong on our side');
  await look(anna, 'went-wrong');
  renameSync(`${product.recordings}.elsewhere`, product.recordings);
  await settings();
  await section.getByText('1 recording is still there.').waitFor();
  await look(anna, 'settings-recordings-left');
  await press(anna, 'Delete what is kept');
  await section.getByText('Off', { exact: true }).waitFor();
  assert.equal(await section.getByText('still there').count(), 0);
});

pages('the guide: switched off, and on again', guide.offAndOn);

pages('an issuer is pasted wrong', issuer.paste);

pages('an issuer changes for good', issuer.changeForGood);

pages('the guide: a client secret is replaced', guide.replaceSecret);

pages('the guide: a key in the place of the secret', guide.proveByKey);

pages('the guide: locked out, and back', async (scene) => {
  await guide.comeBack(scene);
  const { person, product, look } = scene;
  const olga = await person();
  await signInAsOperator(olga, product);
  await olga.goto(`${product.url}/operator/tenants/acme`);
  await look(olga, 'operator-company');
  await olga.goto(`${product.url}/operator/tenants/globex`);
  await look(olga, 'operator-company-in-use');
  await olga.getByRole('link', { name: 'Switch single sign-on off …' }).click();
  await look(olga, 'operator-off');
  await olga.getByRole('link', { name: 'Keep it on' }).click();
  await olga.goto(`${product.url}/operator/events`);
  for (const line of ['Signed in to the console.', 'Tried a recovery code']) await says(olga, line);
  await look(olga, 'operator-events');
});

pages('the development Okta', async ({ person, product, look }) => {
  const admin = await person();
  for (const [path, name] of [
    ['/admin', 'okta-applications'],
    ['/admin/app/0oa1acmeledgerline1d', 'okta-general'],
    ['/admin/app/0oa1acmeledgerline1d/sign-on', 'okta-sign-on'],
    ['/admin/app/0oa1acmeledgerline1d/assignments', 'okta-assignments'],
    ['/admin/app/unknown', 'okta-no-application'],
    ['/admin/api', 'okta-api-without-policy'],
    ['/admin/keys', 'okta-keys'],
    ['/admin/switches', 'okta-switches'],
    ['/oauth2/v1/authorize?client_id=unknown', 'okta-refused'],
    ['/oauth2/default/v1/authorize?client_id=unknown', 'okta-refused-by-server'],
    ['/oauth2/v1/logout?id_token_hint=none', 'okta-logout-refused'],
    ['/oauth2/default/v1/logout?id_token_hint=none', 'okta-logout-refused-by-server'],
    ['/signin?token=none', 'okta-expired'],
  ]) {
    await admin.goto(`${product.okta}${path}`);
    await look(admin, name);
  }
  const bo = await person();
  await bo.goto(product.okta);
  await look(bo, 'okta-username');
  await bo.getByLabel('Username').fill('bo@acme.example');
  await press(bo, 'Next');
  await look(bo, 'okta-password');
  await bo.getByLabel('Password').fill('wrong');
  await press(bo, 'Verify');
  await says(bo, 'Unable to sign in');
  await look(bo, 'okta-wrong-password');
  await bo.getByLabel('Password').fill(people.bo.password);
  await press(bo, 'Verify');
  await heading(bo, 'My Apps');
  await look(bo, 'okta-dashboard');
  await bo.getByRole('link', { name: 'Ledgerline', exact: true }).click();
  await look(bo, 'okta-tile');
  await bo.goto(product.okta);
  await press(bo, 'Sign out');
  await heading(bo, 'You are signed out');
  await look(bo, 'okta-signed-out');
  const carl = await person();
  await carl.goto(product.okta);
  await okta.signIn(carl, people.carl);
  await says(carl, 'No application is assigned to you.');
  await look(carl, 'okta-no-apps');
  await carl.goto(`${product.okta}/home/oidc_client/0oa1acmeledgerline1d`);
  await says(carl, 'You do not have permission');
  await look(carl, 'okta-not-assigned');
});

scene('no page was left out', async ({ person, product }) => {
  const page = await person();
  await pressOkta(page, product, 'globex');
  await okta.signIn(page, people.gina);
  await heading(page, 'Hello, Gina');
  const { ledgerline, okta: provider } = routes();
  for (const [site, paths] of Object.entries({ ledgerline, okta: provider })) {
    const origin = site === 'okta' ? product.okta : product.url;
    for (const path of NO_PAGES[site]) {
      const { status, type } = await kind(page, `${origin}${path}`);
      assert.ok(status < 500 && !type.startsWith('text/html'), `${path} is a page: ${status} ${type}`);
    }
    const looked = [...seen[site]];
    const left = paths.filter((route) => !NO_PAGES[site].includes(route) && !looked.some((path) => matches(route, path)));
    assert.deepEqual(left, [], `pages of ${site} that nobody has looked at`);
    assert.deepEqual(NO_PAGES[site].filter((path) => !paths.includes(path)), [], `${site} has these no more`);
  }
});

async function kind(page, url) {
  const answer = await page.context().request.get(url, { maxRedirects: 0 });
  return { status: answer.status(), type: answer.headers()['content-type'] ?? '' };
}

// The last scene: whoever comes from this address has to wait afterwards.
pages('too many tries', async ({ person, product, look }) => {
  const page = await person();
  await page.goto(`${product.url}/login`);
  const form = { proof: await page.locator('input[name=proof]').inputValue(), email: 'x@globex.example', password: 'x' };
  for (let tries = 0; tries < 20; tries += 1) await page.context().request.post(`${product.url}/login`, { form });
  await signInWithPassword(page, product, { login: 'x@globex.example', password: 'x' });
  await heading(page, 'Too many tries');
  await look(page, 'too-many-tries');
  // One more is given every three seconds: whoever was slower than that tries again.
  const tryOn = async (fill, button) => {
    const words = page.getByText('There were too many tries. Wait a minute, then try again.');
    for (let tries = 0; tries < 20 && (await words.count()) === 0; tries += 1) {
      await fill();
      await press(page, button);
      await page.getByRole('alert').waitFor();
    }
    await words.waitFor();
    assert.equal(await page.locator('[aria-invalid]').count(), 0, 'what was typed is not the problem');
  };
  await page.goto(`${product.url}/recover`);
  await tryOn(() => page.getByLabel('Recovery code').fill('x'), 'Continue');
  await look(page, 'recover-too-many-tries');
  await page.goto(`${product.url}/operator`);
  await tryOn(async () => {
    await page.getByLabel('Name').fill('olga');
    await page.getByLabel('Password').fill('x');
  }, 'Sign in');
  await look(page, 'operator-login-too-many-tries');
});
