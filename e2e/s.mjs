import { chromium } from "playwright-core";
import { readFileSync, mkdirSync } from "node:fs";
const log = readFileSync("/root/up.log","utf8");
const password = /as student with the password (\S+)/.exec(log)[1];
const url = "http://localhost:8080"; mkdirSync("/root/shots", { recursive: true });
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox","--disable-quic"] });
for (const [name, opt] of Object.entries({ wide_dark_ko: { viewport: { width: 1440, height: 900 }, colorScheme: "dark", locale: "ko-KR" }, wide_light_en: { viewport: { width: 1440, height: 900 }, colorScheme: "light", locale: "en-US" }, phone_dark_en: { viewport: { width: 390, height: 844 }, colorScheme: "dark", locale: "en-US", hasTouch: true, isMobile: true }, phone_light_ko: { viewport: { width: 390, height: 844 }, colorScheme: "light", locale: "ko-KR", hasTouch: true, isMobile: true } })) {
  const context = await browser.newContext(opt); const page = await context.newPage();
  await page.goto(`${url}/login`); await page.screenshot({ path: `/root/shots/${name}-login.png` });
  await page.request.post(`${url}/api/v1/session`, { data: { login: "student", password } });
  await page.goto(`${url}/ide`);
  await page.getByTestId("file-tree").locator("[data-path]").first().waitFor({ state: "attached" });
  await page.locator(".xterm-rows", { hasText: "$" }).first().waitFor({ state: "attached" }).catch(() => {});
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `/root/shots/${name}-ide.png` });
  await page.goto(`${url}/account`); await page.screenshot({ path: `/root/shots/${name}-account.png` });
  await page.goto(`${url}/network`); await page.waitForTimeout(4000); await page.screenshot({ path: `/root/shots/${name}-network.png` });
  await context.close();
}
await browser.close();
