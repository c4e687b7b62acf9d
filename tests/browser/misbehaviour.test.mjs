// Whatever Okta does wrong ends in one of these pages, which say what to do. Every switch of the development Okta is played by
// `demo/tests/product/misbehaviour.rs`; here is one for each page.

import assert from 'node:assert/strict';
import { inspect } from './inspect.mjs';
import { me, pressOkta, refused } from './ledgerline.mjs';
import * as okta from './okta.mjs';
import { people } from './product.mjs';
import { stage } from './stage.mjs';

const NOT_COMPLETED = 'Your sign-in could not be completed.';
const NOT_LET_IN = 'Okta did not let you into this app.';
const AGAIN = 'Go back to the sign-in page and try again.';
const ADMINISTRATOR = 'Ask your administrator to look at this, and give the reference on this page.';
const WAIT = 'Wait a minute, then try again from the sign-in page.';

// In this order: a provider that is busy is left alone for a while.
const PAGES = {
  'other-domain': ['Okta knows you, but that sign-in does not open an account here.', 'Otherwise ask your administrator to invite you'],
  'thin-tokens userinfo-refused': [NOT_COMPLETED, ADMINISTRATOR],
  'tampered-signature': [NOT_COMPLETED, AGAIN],
  'callback-other-state': ['This sign-in was started in another browser, took longer than ten minutes, or was used already.', AGAIN],
  'token-invalid-client': ['Sign-in with Okta is not set up correctly for your company.', ADMINISTRATOR],
  'denied-unassigned': [NOT_LET_IN, 'Ask your administrator to assign you to this app in Okta.'],
  'denied-policy': [NOT_LET_IN, ADMINISTRATOR],
  'denied-consent': ['Okta needs your consent, and did not get it.', AGAIN],
  'denied-authentication': ['You did not finish signing in to Okta.', AGAIN],
  'denied-trouble': ['Okta has a problem right now.', WAIT],
  'token-server-error': ['Okta cannot be reached right now.', WAIT],
  'token-rate-limited': ['Okta is receiving too many requests right now.', WAIT],
};

const scene = stage();

for (const [switches, page] of Object.entries(PAGES)) {
  scene(switches, async ({ person, product }) => {
    const admin = await person();
    await okta.misbehave(admin, product.okta, ...switches.split(' '));
    const bo = await person();
    await pressOkta(bo, product, 'acme');
    await okta.signIn(bo, people.bo);
    await refused(bo, ...page);
    assert.equal(await me(bo, product), 401);
    assert.deepEqual(await inspect(bo, `refused-${switches.split(' ').at(-1)}`), []);
  });
}
