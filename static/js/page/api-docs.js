// The API's page: Swagger UI, served by us, over our own OpenAPI description.
// A classic script because Swagger UI's bundle is one: it leaves a global behind.
(() => {
  const place = /** @type {HTMLElement} */ (document.getElementById('api'));
  const { SwaggerUIBundle } = /** @type {any} */ (window);
  SwaggerUIBundle({ url: place.dataset.schema, domNode: place, deepLinking: true, validatorUrl: null });
})();
