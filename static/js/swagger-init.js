// Starts Swagger UI on templates/api/docs.html. Calls made from the page use the reader's session, or the token typed
// under "Authorize".
const place = document.getElementById("swagger-ui");

SwaggerUIBundle({
  url: place.dataset.schemaUrl,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor(request) {
    if (new URL(request.url, location.href).origin === location.origin && !request.headers.Authorization) {
      request.headers["X-CSRFToken"] = place.dataset.csrfToken;
    }
    return request;
  },
});
