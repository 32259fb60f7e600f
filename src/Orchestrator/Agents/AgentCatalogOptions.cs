using System.ComponentModel.DataAnnotations;

namespace Pipeline.Orchestrator.Agents;

/// <summary>Where the definitions are. Section <c>Agents</c>.</summary>
public sealed class AgentCatalogOptions
{
    public const string Section = "Agents";

    /// <summary>Folder of agent definitions, one JSON file for each version.</summary>
    [Required(ErrorMessage = "Agents:Directory is empty. Set the environment variable Agents__Directory to the folder of agent definitions.")]
    public string Directory { get; set; } = "";

    /// <summary>Folder of tool manifests; of each, the name, the description and the schema of the arguments are read here. <see cref="Directory"/>'s sibling <c>tools</c> where absent.</summary>
    public string? ToolsDirectory { get; set; }
}
