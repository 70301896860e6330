/** Words of the trash. */
export const trashEn = {
  "trash.title": "Trash",
  "trash.hint":
    "What was deleted in the file tree. It stays here, and takes room in your home folder, until you delete it for good.",
  "trash.none": "The trash is empty.",
  "trash.restore": "Put back",
  "trash.restoreOf": "Put back: {path}",
  "trash.restored": "{path} is back.",
  "trash.discard": "Delete for good",
  "trash.discardOf": "Delete {path} for good",
  "trash.discard.text": "Nobody can bring it back then, except from a snapshot.",
  "trash.empty": "Empty the trash",
  "trash.empty.text": "Files and folders: {count}. Nobody can bring them back then, except from a snapshot.",
  "trash.emptied": "The trash is empty now.",
};
