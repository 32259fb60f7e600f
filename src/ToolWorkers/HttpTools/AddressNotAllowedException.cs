namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>A tool would have connected to an address inside the own network.</summary>
internal sealed class AddressNotAllowedException(string message) : Exception(message);
