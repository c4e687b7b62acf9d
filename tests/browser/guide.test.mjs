// The whole guide, by people whose browsers run no script: every page is usable without.

import * as guide from './guide.mjs';
import { stage } from './stage.mjs';

const scene = stage({ javaScriptEnabled: false });
const look = async () => {};

scene('from passwords to Okta, without a script', ({ person, product }) => guide.setUp({ person, product, look }));
scene('refused, invited, let go', ({ person, product }) => guide.invite({ person, product, look }).then(() => {}));
scene('a client secret is replaced', ({ person, product }) => guide.replaceSecret({ person, product, look }));
scene('locked out, and back by a recovery code', ({ person, product }) => guide.comeBack({ person, product, look }));
