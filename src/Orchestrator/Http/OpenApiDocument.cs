using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing.Patterns;
using Pipeline.Orchestrator.Access;

namespace Pipeline.Orchestrator.Http;

/// <summary>
/// The OpenAPI document, made from what the routes say of themselves, so that it names what there is. Ours, because the framework's package does
/// not restore on every feed; the schemas come from the framework's own exporter.
/// </summary>
internal sealed class OpenApiDocument(EndpointDataSource endpoints)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private readonly JsonObject _schemas = [];

    public JsonObject Create()
    {
        var paths = new JsonObject();
        foreach (var endpoint in endpoints.Endpoints.OfType<RouteEndpoint>().Where(IsDocumented).OrderBy(x => x.RoutePattern.RawText, StringComparer.Ordinal))
        {
            var path = Path(endpoint.RoutePattern);
            var operations = paths[path] as JsonObject ?? [];
            paths[path] = operations;
            foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            {
                operations[method.ToLowerInvariant()] = Operation(endpoint, method);
            }
        }

        Schema(typeof(ProblemBody));
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Pipeline orchestrator", ["version"] = "1" },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = _schemas,
                ["securitySchemes"] = new JsonObject
                {
                    ["key"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = ApiKeyAuthentication.KeyHeader },
                    ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                },
            },
        };
    }

    private static bool IsDocumented(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>() is not null &&
        (endpoint.Metadata.GetMetadata<IAuthorizeData>() is not null || endpoint.Metadata.GetMetadata<AnswerDocumentation>() is not null);

    private static string Path(RoutePattern pattern) =>
        "/" + string.Join('/', pattern.PathSegments.Select(x => string.Concat(x.Parts.Select(y => y is RoutePatternParameterPart parameter ? $"{{{parameter.Name}}}" : ((RoutePatternLiteralPart)y).Content))));

    private JsonObject Operation(RouteEndpoint endpoint, string method)
    {
        var operation = new JsonObject { ["operationId"] = $"{method.ToLowerInvariant()} {Path(endpoint.RoutePattern)}" };
        if (endpoint.Metadata.GetMetadata<IEndpointSummaryMetadata>() is { } summary)
        {
            operation["summary"] = summary.Summary;
        }

        operation["parameters"] = Parameters(endpoint);
        if ((endpoint.Metadata.GetMetadata<BodyDocumentation>()?.Type ?? endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType) is { } body)
        {
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("application/json", body) };
        }

        operation["responses"] = Responses(endpoint);
        operation["security"] = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null ? new JsonArray(new JsonObject { ["key"] = new JsonArray() }, new JsonObject { ["bearer"] = new JsonArray() }) : new JsonArray();
        return operation;
    }

    private static JsonArray Parameters(RouteEndpoint endpoint)
    {
        var parameters = new JsonArray();
        foreach (var parameter in endpoint.RoutePattern.Parameters)
        {
            var schema = new JsonObject { ["type"] = "string" };
            if (parameter.ParameterPolicies.Any(x => x.Content == "guid"))
            {
                schema["format"] = "uuid";
            }

            parameters.Add(new JsonObject { ["name"] = parameter.Name, ["in"] = "path", ["required"] = true, ["schema"] = schema });
        }

        foreach (var parameter in endpoint.Metadata.GetOrderedMetadata<ParameterDocumentation>())
        {
            parameters.Add(new JsonObject
            {
                ["name"] = parameter.Name,
                ["in"] = parameter.In,
                ["required"] = false,
                ["description"] = parameter.Description,
                ["schema"] = new JsonObject { ["type"] = parameter.Type },
            });
        }

        return parameters;
    }

    private JsonObject Responses(RouteEndpoint endpoint)
    {
        var responses = new JsonObject();
        foreach (var produced in endpoint.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>().Where(x => x.Type is not null))
        {
            responses[Status(produced.StatusCode)] = new JsonObject { ["description"] = "", ["content"] = Content(produced.ContentTypes.FirstOrDefault() ?? "application/json", produced.Type!) };
        }

        foreach (var answer in endpoint.Metadata.GetOrderedMetadata<AnswerDocumentation>())
        {
            var response = new JsonObject { ["description"] = answer.Description };
            if (answer.Type is not null)
            {
                response["content"] = Content(answer.ContentType!, answer.Type);
            }

            responses[Status(answer.Status)] = response;
        }

        foreach (var (status, codes) in Refusals(endpoint))
        {
            responses[Status(status)] = new JsonObject { ["description"] = $"Code: {string.Join(", ", codes)}.", ["content"] = Content("application/problem+json", typeof(ProblemBody)) };
        }

        return responses;
    }

    private static IEnumerable<(int Status, IEnumerable<string> Codes)> Refusals(RouteEndpoint endpoint)
    {
        var refusals = endpoint.Metadata.GetOrderedMetadata<RefusalDocumentation>().ToList();
        // Of every route.
        refusals.Add(new RefusalDocumentation(StatusCodes.Status503ServiceUnavailable, [HttpCode.DatabaseUnavailable]));
        if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
        {
            refusals.Add(new RefusalDocumentation(StatusCodes.Status401Unauthorized, [HttpCode.KeyMissing, HttpCode.KeyInvalid]));
        }

        if (endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(x => x.Policy == AccessPolicy.Operator))
        {
            refusals.Add(new RefusalDocumentation(StatusCodes.Status403Forbidden, [HttpCode.OperatorRequired]));
        }

        return refusals.GroupBy(x => x.Status).OrderBy(x => x.Key).Select(x => (x.Key, x.SelectMany(y => y.Codes).Distinct()));
    }

    private JsonObject Content(string type, Type body) => new() { [type] = new JsonObject { ["schema"] = Schema(body) } };

    private JsonNode Schema(Type type)
    {
        if (type.IsGenericType)
        {
            return Json.GetJsonSchemaAsNode(type);
        }

        if (!_schemas.ContainsKey(type.Name))
        {
            _schemas[type.Name] = Json.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions
            {
                // What is exported refers to its own root, and stands one level further in here.
                TransformSchemaNode = (_, node) =>
                {
                    if (node is JsonObject schema && schema["$ref"]?.GetValue<string>() is { } reference)
                    {
                        schema["$ref"] = $"#/components/schemas/{type.Name}{reference[1..]}";
                    }

                    return node;
                },
            });
        }

        return new JsonObject { ["$ref"] = $"#/components/schemas/{type.Name}" };
    }

    private static string Status(int status) => status.ToString(CultureInfo.InvariantCulture);
}
