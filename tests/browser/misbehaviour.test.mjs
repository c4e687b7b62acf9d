// Every misbehaviour of the development Okta's switches ends in a page that says what to do.

import assert from 'node:assert/strict';
import { me, pressOkta, refused } from './ledgerline.mjs';
import * as okta from './okta.mjs';
import { people } from './product.mjs';
import { stage } from './stage.mjs';

const NOT_COMPLETED = 'Your sign-in could not be completed.';
const AGAIN = 'Go back to the sign-in page and try again.';
const ADMINISTRATOR = 'Ask your administrator to look at this, and give the number on this page.';
const NO_ACCOUNT = 'Okta knows you, but that sign-in does not open an account here.';
const INVITE = 'Otherwise ask your administrator to invite you';
const WAIT = 'Wait a minute, then try again from the sign-in page.';

// In this order: what the product has learnt of metadata and keys it does not ask for again, and a provider that is
// busy is left alone for a while.
const PAGES = {
  'metadata-other-issuer': [NOT_COMPLETED, ADMINISTRATOR],
  'metadata-html': [NOT_COMPLETED, ADMINISTRATOR],
  'metadata-off-host': [NOT_COMPLETED, ADMINISTRATOR],
  'metadata-no-code': [NOT_COMPLETED, ADMINISTRATOR],
  'keys-html': [NOT_COMPLETED, ADMINISTRATOR],
  'no-email': [NO_ACCOUNT, INVITE],
  'odd-email': [NO_ACCOUNT, INVITE],
  'other-domain': [NO_ACCOUNT, INVITE],
  'email-unverified': [NO_ACCOUNT, INVITE],
  'thin-tokens userinfo-other-subject': [NOT_COMPLETED, ADMINISTRATOR],
  'thin-tokens userinfo-refused': [NOT_COMPLETED, ADMINISTRATOR],
  'wrong-nonce': [NOT_COMPLETED, AGAIN],
  'missing-nonce': [NOT_COMPLETED, AGAIN],
  'other-party': [NOT_COMPLETED, AGAIN],
  'wrong-audience': [NOT_COMPLETED, AGAIN],
  'wrong-issuer': [NOT_COMPLETED, AGAIN],
  'expired-token': [NOT_COMPLETED, AGAIN],
  'future-token': [NOT_COMPLETED, AGAIN],
  'long-token': [NOT_COMPLETED, AGAIN],
  'wrong-token-hash': [NOT_COMPLETED, AGAIN],
  'unsigned-token': [NOT_COMPLETED, AGAIN],
  'shared-key-token': [NOT_COMPLETED, AGAIN],
  'tampered-signature': [NOT_COMPLETED, AGAIN],
  'unknown-key': [NOT_COMPLETED, AGAIN],
  'no-id-token': [NOT_COMPLETED, ADMINISTRATOR],
  'token-invalid-client': ['Sign-in with Okta is not set up correctly for your company.', ADMINISTRATOR],
  'token-invalid-grant': [NOT_COMPLETED, AGAIN],
  'token-server-error': ['Okta cannot be reached right now.', WAIT],
  'callback-other-issuer': [NOT_COMPLETED, AGAIN],
  'slow-answers': ['Okta cannot be reached right now.', WAIT],
  'token-rate-limited': ['Okta is receiving too many requests right now.', WAIT],
};

const scene = stage();

for (const [switches, page] of Object.entries(PAGES)) {
  scene(switches, async ({ person, product }) => {
    await okta.setSwitches(product.okta, ...switches.split(' '));
    const bo = await person();
    await pressOkta(bo, product);
    if (bo.url().startsWith(product.okta)) await okta.signIn(bo, people.bo);
    await refused(bo, ...page);
    assert.equal(await me(bo, product), 401);
  });
}

scene('no switch is forgotten here', async ({ person, product }) => {
  const admin = await person();
  await admin.goto(`${product.okta}/admin/switches`);
  const boxes = await admin.getByRole('checkbox').all();
  const known = await Promise.all(boxes.map((box) => box.getAttribute('value')));
  const here = new Set(Object.keys(PAGES).flatMap((names) => names.split(' ')));
  assert.deepEqual(known.toSorted(), [...here].toSorted());
});
