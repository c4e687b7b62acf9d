// The development Okta's own pages, as people use them.

// Signs in where an Okta page asks for it.
export async function signIn(page, { login, password }) {
  await page.getByLabel('Username').fill(login);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Verify' }).click();
}
