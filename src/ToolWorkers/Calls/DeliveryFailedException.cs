namespace Pipeline.ToolWorkers.Calls;

/// <summary>This delivery could not be worked on or answered for a reason that passes: the broker is to deliver it again.</summary>
internal sealed class DeliveryFailedException(string message, Exception? innerException) : Exception(message, innerException);
