import { describe, expect, it } from "vitest";
import { bodyOf } from "./forms";
import { csvOf } from "./roster";

function form(html: string, attributes = ""): HTMLFormElement {
  document.body.innerHTML = `<form ${attributes}>${html}</form>`;
  return document.body.firstElementChild as HTMLFormElement;
}

describe("forms", () => {
  it("are the JSON that the API takes", () => {
    const made = form(
      `<input name="login" value=" mina "><input name="current" type="password" value=" p w ">
       <input name="archived" type="checkbox" checked><input name="disabled" data-boolean value="false">
       <select name="egress" data-null><option value="" selected></option></select>
       <select name="classes" data-list><option value="c1" selected></option></select>
       <input name="days" data-scale="1" value="3"><input name="gone" value="x" disabled>
       <input name="confirm" value="mina">`,
      `data-query="confirm"`,
    );
    expect(bodyOf(made)).toEqual({
      login: "mina",
      current: " p w ",
      archived: true,
      disabled: false,
      egress: null,
      classes: ["c1"],
      days: 3,
    });
  });

  it("keep what they have no field for", () => {
    const made = form(
      `<input name="memory" data-scale="1048576" value="512"><input name="cpus" data-scale="1" value="">
       <input name="rest" data-rest value='{"memory":1,"swap":7}'><input type="checkbox" name="now">`,
      `data-under="limits"`,
    );
    expect(bodyOf(made)).toEqual({ now: false, limits: { memory: 536870912, cpus: null, swap: 7 } });
  });
});

describe("passwords of a roster", () => {
  it("are a CSV that Excel reads as Korean, and no formula", () => {
    const csv = csvOf([
      { row: 2, login: "mina", name: '김 "미나"', result: "created", password: "abc" },
      { row: 3, login: "juno", name: "=1+1", result: "created", password: "def" },
      { row: 4, login: "old", name: "x", result: "unchanged" },
    ]);
    expect(csv).toBe(
      `\uFEFF"login","name","password"\r\n"mina","김 ""미나""","abc"\r\n"juno","'=1+1","def"\r\n`,
    );
  });
});
