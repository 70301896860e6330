/** Words of the first hour. */
export const tourEn = {
  "tour.title": "First steps",
  "tour.lead": "From a text to a running application in five steps. Each ticks itself once you have done it.",
  "tour.over": "All five are done: this is how every change goes from here on.",
  "tour.done": "done",
  "tour.show": "Show me",
  "tour.showOf": "Show me: {step}",
  "tour.hide": "Do not show this here again",
  "tour.edit": "Edit",
  "tour.edit.text": "Change the greeting in `web/index.html` and save with Ctrl-S.",
  "tour.run": "Run",
  "tour.run.text":
    "Type into the terminal: `python3 -m http.server 8000 -d web`. The page is at Ports then; Ctrl-C ends it.",
  "tour.commit": "Commit",
  "tour.commit.text": "Look at what has changed, say why, and commit it. Deploy does so as well.",
  "tour.build": "Build",
  "tour.build.text": "Deploy makes an image of each folder with a Dockerfile that has changed.",
  "tour.rollout": "Roll out",
  "tour.rollout.text": "The cluster is brought to what `k8s/` asks for, and your application has an address.",
  "tour.status": "First steps: {done} of {all}",
};
