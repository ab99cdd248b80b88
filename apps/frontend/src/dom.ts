// Small helpers for what the page is made of.

export function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

export function make(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export function makeButton(className: string, text = ""): HTMLButtonElement {
  const made = make("button", className, text) as HTMLButtonElement;
  made.type = "button";
  return made;
}

/** Make a picture that is loaded when it comes into sight. */
export function makeImage(className: string, address: string, alt: string): HTMLImageElement {
  const made = make("img", className) as HTMLImageElement;
  made.loading = "lazy"; // before `src`, or it is loaded at once
  made.decoding = "async";
  made.draggable = false;
  made.alt = alt;
  made.src = address;
  return made;
}

export function makeDownload(address: string, text: string, fileName: string): HTMLElement {
  const made = make("a", "", text) as HTMLAnchorElement;
  made.href = address;
  made.download = fileName;
  return made;
}
