using System.ComponentModel.DataAnnotations;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Inspection;

/// <summary>Who may look into the gateway. Section <c>Llm</c>.</summary>
public sealed class InspectionOptions
{
    public const string Section = LlmOptions.Section;

    /// <value>The key, in the header <c>X-Api-Key</c>, with which an operator may read <c>/llm</c>; nobody may where it is not set.</value>
    [MinLength(16)]
    public string? OperatorKey { get; set; }
}
