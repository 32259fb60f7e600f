using System.Text;
using System.Text.Json;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>Checks a call's arguments against size, JSON syntax and the tool's schema.</summary>
internal static class ArgumentCheck
{
    private const int MaxListed = 20;

    /// <returns>The reason for <c>arguments_invalid</c>, for the model to correct itself; null where the arguments fit.</returns>
    public static string? Violations(ServedTool tool, string arguments, int maxBytes, out JsonElement parsed)
    {
        parsed = default;
        if (Encoding.UTF8.GetByteCount(arguments) is var bytes && bytes > maxBytes)
        {
            return $"The arguments have {bytes} bytes; the limit is {maxBytes}. Pass less, or pass it in several calls.";
        }

        try
        {
            // Strict first: the schema validator's own parser forgives single quotes, comments and repeated names.
            using var document = JsonDocument.Parse(arguments, new JsonDocumentOptions { AllowDuplicateProperties = false });
            parsed = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            return ReasonText.Bounded($"The arguments '{Head(arguments)}' are not valid JSON: {e.Message} Write one JSON object, e.g. {{}}.");
        }

        return Mismatches(tool, parsed);
    }

    private static string? Mismatches(ServedTool tool, JsonElement arguments)
    {
        List<string> violations;
        try
        {
            violations = Flatten(tool.Schema.Validate(arguments.GetRawText())).Distinct().ToList();
        }
#pragma warning disable CA1031 // What a model writes must never be able to fail a delivery: the validator throws e.g. InvalidCastException at a number beyond its range.
        catch (Exception e)
#pragma warning restore CA1031
        {
            violations = [$"#: {e.Message}"];
        }

        if (violations.Count == 0)
        {
            return null;
        }

        var more = violations.Count > MaxListed ? $"; and {violations.Count - MaxListed} more" : "";
        return ReasonText.Bounded($"The arguments do not fit the parameters of '{tool.Name}': {string.Join("; ", violations.Take(MaxListed))}{more}. Correct them and call again.");
    }

    private static IEnumerable<string> Flatten(IEnumerable<ValidationError> errors)
    {
        foreach (var error in errors)
        {
            yield return Describe(error);
            var inner = error switch
            {
                ChildSchemaValidationError child => child.Errors.Values,
                MultiTypeValidationError multiple => multiple.Errors.Values,
                _ => [],
            };
            foreach (var text in inner.SelectMany(Flatten))
            {
                yield return text;
            }
        }
    }

    private static string Describe(ValidationError error)
    {
        var path = error.Path is null or "" or "#/" ? "#" : error.Path;
        var schema = error.Schema;
        return error.Kind switch
        {
            ValidationErrorKind.PropertyRequired => $"{path}: is required",
            ValidationErrorKind.NoAdditionalPropertiesAllowed => $"{path}: is not a parameter; there are {string.Join(", ", schema.Properties.Keys.Select(x => $"'{x}'"))}",
            ValidationErrorKind.NotInEnumeration => $"{path}: must be one of {string.Join(", ", schema.Enumeration.Select(x => $"'{x}'"))}",
            ValidationErrorKind.NumberTooSmall => $"{path}: must be {(schema.Minimum is { } minimum ? $"at least {minimum}" : $"above {schema.ExclusiveMinimum}")}",
            ValidationErrorKind.NumberTooBig => $"{path}: must be {(schema.Maximum is { } maximum ? $"at most {maximum}" : $"below {schema.ExclusiveMaximum}")}",
            ValidationErrorKind.StringTooShort => $"{path}: must have at least {schema.MinLength} characters",
            ValidationErrorKind.StringTooLong => $"{path}: must have at most {schema.MaxLength} characters",
            ValidationErrorKind.PatternMismatch => $"{path}: must match the pattern '{schema.Pattern}'",
            ValidationErrorKind.DateExpected => $"{path}: must be a date, YYYY-MM-DD",
            ValidationErrorKind.TooFewProperties => $"{path}: must have at least {schema.MinProperties} of {string.Join(", ", schema.Properties.Keys.Select(x => $"'{x}'"))}",
            _ => $"{path}: {error.Kind}{Expected(schema)}",
        };
    }

    private static string Expected(JsonSchema schema) => schema.Type == JsonObjectType.None ? "" : $", the type is {schema.Type.ToString().ToLowerInvariant()}";

    private static string Head(string text) => text.Length <= 200 ? text : string.Concat(text.AsSpan(0, 200), "…");
}
