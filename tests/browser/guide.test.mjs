// The whole guide, by people whose browsers run no script: every page is usable without.

import * as guide from './guide.mjs';
import * as issuer from './issuer.mjs';
import { stage } from './stage.mjs';

const scene = stage({ javaScriptEnabled: false });
const look = async () => {};

scene('from passwords to Okta, without a script', ({ person, product }) => guide.setUp({ person, product, look }));
scene('refused, invited, let go', ({ person, product }) => guide.invite({ person, product, look }).then(() => {}));
scene('switched off, and on again', ({ person, product }) => guide.offAndOn({ person, product, look }));
scene('an issuer is pasted wrong', ({ person, product }) => issuer.paste({ person, product, look }));
scene('an issuer changes for good', ({ person, product }) => issuer.changeForGood({ person, product, look }));
scene('a client secret is replaced', ({ person, product }) => guide.replaceSecret({ person, product, look }));
scene('a key in the place of the secret', ({ person, product }) => guide.proveByKey({ person, product, look }));
scene('locked out, and back by a recovery code', ({ person, product }) => guide.comeBack({ person, product, look }));
