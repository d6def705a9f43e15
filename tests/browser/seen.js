// Runs in the page; what it comes to is what a reader sees. The test checks its shape.
(() => {
  const styleOf = (element) => getComputedStyle(element);
  return {
    page: styleOf(document.body).backgroundColor,
    text: styleOf(document.body).color,
    labels: [...document.querySelectorAll('svg text')].map((label) => styleOf(label).fill),
    drawings: [...document.querySelectorAll('figure.plot')].map((figure) => {
      const { width, height } = figure.querySelector('svg').getBoundingClientRect();
      return {
        label: figure.getAttribute('aria-label'),
        // What is drawn in a colour, by the colour that came of its name.
        colours: [...figure.querySelectorAll('path')]
          .flatMap((path) => [styleOf(path).fill, styleOf(path).stroke])
          .filter((colour) => colour.startsWith('rgb')),
        width,
        height,
      };
    }),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
})();
