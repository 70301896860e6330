// Talks to our API, on the same address under /api (see k8s/ingress.yaml).
// 같은 주소의 /api 아래에 있는 우리 API와 통신합니다 (k8s/ingress.yaml 참고).
const form = document.querySelector("#write");
const list = document.querySelector("#entries");
const problem = document.querySelector("#problem");

async function api(options) {
  const answer = await fetch("/api/entries", options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

function show(entry) {
  const item = document.createElement("li");
  const message = document.createElement("p");
  const footer = document.createElement("footer");
  // textContent, never innerHTML: what people write is text, not code.
  // innerHTML이 아니라 textContent: 사람들이 쓴 글은 코드가 아니라 글자입니다.
  message.textContent = entry.message;
  footer.textContent = `${entry.author} · ${new Date(entry.written_at).toLocaleString()}`;
  item.append(message, footer);
  return item;
}

async function refresh() {
  try {
    const { entries } = await api();
    list.replaceChildren(...entries.map(show));
    problem.hidden = true;
  } catch (error) {
    problem.textContent = `The API does not answer yet. API가 아직 응답하지 않습니다. (${error.message})`;
    problem.hidden = false;
    setTimeout(refresh, 2000);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await api({
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    form.reset();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    return;
  }
  await refresh();
});

refresh();
